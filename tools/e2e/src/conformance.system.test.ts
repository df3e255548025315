// A client in another language, which uses nothing of ours but contracts/, plays on a live system: tools/conformance.
import { testServer } from "@muster/conformance/client";
import { edited, type Mutation, mutatingProxy, ofServer } from "@muster/conformance/testing";
import { duel } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { godot, hasGodot } from "./godot.ts";
import { hasPython, python } from "./python.ts";
import { guest, pilot, playing } from "./players.ts";
import { rateDuels } from "./rated.ts";
import { deliverEnded } from "./replayed.ts";
import { startSystem, type System } from "./system.ts";

/** How long a check of the runner waits on a busy machine. */
const WITHIN_MS = 20_000;

const told = (kind: string, change: object): NonNullable<Mutation["down"]> =>
  ofServer((one) => edited(one, kind, change));

/** What a server does wrong, and a row that says so. */
const WRONG_SERVERS: readonly (Mutation & { readonly does: string; readonly row: string; readonly why: string })[] = [
  {
    does: "closes bad frames with another code",
    row: "close/4500",
    why: "the code after an empty message: 4000, not 4500",
    closeCode: () => 4000,
  },
  {
    does: "answers twice",
    row: "states/the-right-column",
    why: "has two answers",
    down: (frame) => (frame[0] === 1 ? [frame, frame] : undefined),
  },
  {
    does: "says another code",
    row: "error/unknown_request",
    why: 'not ["invalid_request"',
    down: told("error", { code: "internal" }),
  },
  {
    does: "does not say when to try again",
    row: "rate/ping",
    why: "retry_after_ms",
    down: told("error", { retryAfterMs: 0 }),
  },
  {
    does: "welcomes somebody else",
    row: "error/seat_ticket_foreign",
    why: "the player of Welcome",
    down: told("welcome", { playerId: "another" }),
  },
  {
    does: "names another layout",
    row: "watching/watchmatch",
    why: "the answer to WatchMatch",
    down: told("watching", { layoutHash: "another" }),
  },
  {
    does: "does not say that a player is back",
    row: "match/a-player-whose",
    why: "resumed and last_input_seq",
    down: told("matchJoined", { resumed: false }),
  },
  {
    does: "numbers no message of a match",
    row: "match/seatstatus",
    why: "match_seq goes from 0 to 0",
    down: ofServer((one) => ({ ...one, matchSeq: 0 })),
  },
  {
    does: "says another reason",
    row: "match/leavematch",
    why: "the answer to LeaveMatch",
    down: told("matchCancelled", { reason: "fault" }),
  },
  {
    does: "numbers a repeated message anew",
    row: "chat/chatsend",
    why: "what is told of the message",
    down: told("chatSent", { seq: 77n }),
  },
  {
    does: "loses tickets",
    row: "queue/cancelqueue",
    why: "the tickets of MatchFound",
    down: told("matchFound", { ticketId: "another" }),
  },
  {
    does: "sends no input refusals",
    row: "error/input_malformed",
    why: "no Error with",
    down: ofServer((one) => (one.message.case === "error" ? undefined : one)),
  },
];

const modeOf = (does: string): string => `wrong-${WRONG_SERVERS.findIndex((one) => one.does === does)}`;
const OWN_MODES = ["runner", "against-python", "against-godot", ...WRONG_SERVERS.map(({ does }) => modeOf(does))];

describeWithServers("a client written from the contract", () => {
  let system: System;
  beforeAll(async () => {
    const MATCHMAKER_MODES = JSON.stringify({
      duel: { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 150 } },
      // Where players of different tests would meet: a mode for each.
      ...Object.fromEntries(
        OWN_MODES.map((mode) => [mode, { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 150 } }]),
      ),
      four: { game: "four", seats: 2, options: {} },
      practice: { game: "duel", seats: 2, options: {}, bots: { bot: "ace", afterS: 0 } },
    });
    system = await startSystem({ env: { MATCHMAKER_MODES, GATEWAY_SPECTATOR_DELAY_MS: "400" } });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it.skipIf(!hasPython)(
    "logs in, talks, queues, plays a duel to the very hash of its end, comes back in the midst of it, watches, and is refused as the tables say",
    async () => {
      const { status, lines, stderr } = await python("play.py", system.url, "duel");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(lines.map(({ seen }) => seen)).toEqual([
        "chat",
        "joined",
        "resumed",
        "ended",
        "history",
        "refusals",
        "walk",
      ]);
      expect(lines[3]).toMatchObject({ ticks: 150, reason: "played" });
    },
  );

  it.skipIf(!hasPython)("chats over REST and the realtime connection as the contract says, page by page", async () => {
    const { status, lines, stderr } = await python("chat.py", system.url);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(lines.map(({ seen }) => seen)).toEqual([
      "pages",
      "read marks",
      "channel pages",
      "changes",
      "blocks",
      "refusals",
    ]);
  });

  it.skipIf(!hasPython)(
    "reads leaderboards, ranks, ratings and histories as the contract says, page by page",
    async () => {
      const players = await Promise.all([1, 2, 3, 4, 5].map(async () => (await guest(system.url)).player.playerId));
      const pairs = players.flatMap((one, i) => players.slice(i + 1).map((other) => [one, other]));
      await rateDuels(system, "rated", pairs);
      const { status, lines, stderr } = await python("ratings.py", system.url, "rated");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(lines).toEqual([
        { seen: "seasons", current: 1 },
        { seen: "leaderboard", players: 5 },
        { seen: "player", rank: 3, points: 4 },
        { seen: "refusals" },
      ]);
    },
  );

  it.skipIf(!hasPython)("reads a replay, its file and parts of it as the contract says", async () => {
    const { players, matches, found } = await playing(system, "duel");
    for (const match of matches) pilot(match);
    await Promise.all(matches.map((match) => match.ended));
    const { matchId } = found[0];
    await deliverEnded(system, matchId);
    await until(async () => ((await players[0].client.replays.of(matchId)).verdict ? undefined : "no verdict"), 60_000);
    const { status, lines, stderr } = await python("replays.py", system.url, matchId, players[0].player.playerId);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(lines).toEqual([
      { seen: "replay", reason: "same_result" },
      { seen: "file", ticks: 150 },
      { seen: "ranges" },
      { seen: "refusals" },
    ]);
  });

  const duels = [
    { language: "Python", mode: "against-python", here: hasPython, run: python, script: "duel.py" },
    { language: "GDScript", mode: "against-godot", here: hasGodot, run: godot, script: "duel.gd" },
  ];
  for (const { language, mode, here, run, script } of duels)
    it.skipIf(!here)(
      `in ${language} plays a duel against the SDK to its end, with a lost connection in its midst: both see the same result`,
      { concurrent: true },
      async () => {
        const other = run(script, system.url, mode);
        const { realtime } = await guest(system.url).then(async ({ client }) => ({ realtime: await client.connect() }));
        const match = await realtime.join(await realtime.queue(mode), duel);
        match.send({ left: false, right: true, thrust: true, fire: true });
        const statuses: boolean[] = [];
        match.onSeatStatus(({ connected }) => statuses.push(connected));
        const end = await match.ended;
        const { status, lines, stderr } = await other;
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        if (end.kind !== "ended") throw new Error(end.reason);
        const { reason, ticks, stateHash, seats } = end;
        const same = { event: "ended", matchId: match.matchId, reason, ticks, stateHash, ownHash: stateHash };
        expect(lines[0]).toMatchObject({ ...same, seat: 1 - match.seat, cut: true });
        expect([lines[0]?.["ranks"], lines[0]?.["scores"]]).toEqual([
          seats.map(({ rank }) => rank),
          seats.map(({ score }) => score),
        ]);
        expect([match.stateHash, reason, ticks]).toEqual([stateHash, "played", 150]);
        expect(lines[0]?.["acked"]).toBeGreaterThan(8); // inputs from before and after the loss
        expect(statuses).toEqual([false, true]);
        realtime.close();
      },
    );

  it("passes every row that can be seen from a server", { concurrent: true }, async () => {
    const verdicts = await testServer({ url: system.url, withinMs: WITHIN_MS, mode: "runner" });
    const wrong = verdicts.filter(({ verdict }) => verdict === "fail" || verdict === "skipped");
    expect(wrong.map(({ id, why }) => `${id}: ${why}`)).toEqual([]);
    expect(verdicts.filter(({ verdict }) => verdict === "pass").length).toBeGreaterThan(90);
  });

  it.each(WRONG_SERVERS)("fails when it $does", { concurrent: true }, async ({ does, row, why, ...mutation }) => {
    await using proxy = await mutatingProxy(system.url, mutation);
    const verdicts = await testServer({ url: proxy.url, withinMs: 3000, mode: modeOf(does), only: [row] });
    const failed = verdicts.filter(({ id, verdict }) => id.startsWith(row) && verdict === "fail");
    expect(failed.map((one) => one.why)).toEqual([expect.stringContaining(why)]);
  });
});
