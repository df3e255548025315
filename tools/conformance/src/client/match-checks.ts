// Of a server: queues and matches.
import type { Check } from "../checks.ts";
import { holds, pause, same } from "../expect.ts";
import { type Bench, decoderOf, emptyInput, positive, type Seat } from "./bench.ts";

/** Beyond the most that a server waits for a player to join, or to come back. */
const ABSENCE_MARGIN_MS = 4000;
export const MATCH_MS = 90_000;
const PRACTICE_AT_ONCE = 6;

export const QUEUE_CHECKS: readonly Check<Bench>[] = [
  {
    name: "keeps the newest ticket of a player: a newer connection to the same gateway takes the place of the first one",
    rows: ["queue/a-player-has-at-most-one-ticket", "close/4503"],
    async run(bench) {
      const mode = await bench.mode();
      const first = await bench.connected();
      await bench.queueing(async () => {
        await first.socket.ask("enqueue", { mode });
        const second = await bench.connected(first.account);
        const outcome = first.socket.next("queueLeft").then(({ reason }) => reason);
        outcome.catch(() => undefined); // where it is closed instead
        same(
          (await second.socket.ask("enqueue", { mode })).kind,
          "queued",
          "the answer to Enqueue on the newer connection",
        );
        const left = await Promise.race([outcome, first.socket.closed]);
        holds(left === 4503 || left === "replaced", `the older ticket has left with ${left}`);
        same(
          (await second.socket.ask("cancelQueue", {})).value["reason"],
          "cancelled",
          "why the newer ticket has left",
        );
        second.socket.cut();
      });
      first.socket.cut();
    },
  },
  {
    name: "removes the ticket of a connection that ended: who waits then play each other",
    rows: ["queue/cancelqueue", "queue/matchfound"],
    async run(bench) {
      const mode = await bench.mode();
      await bench.queueing(async () => {
        const gone = await bench.connected();
        await gone.socket.ask("enqueue", { mode });
        gone.socket.cut();
        await pause(300);
        const players = [await bench.connected(), await bench.connected()];
        const tickets = [];
        for (const { socket } of players) tickets.push((await socket.ask("enqueue", { mode })).value["ticketId"]);
        const found = [await players[0]?.socket.next("matchFound"), await players[1]?.socket.next("matchFound")];
        same(
          found.map((one) => one?.ticketId),
          tickets,
          "the tickets of MatchFound",
        );
        same(
          found[0]?.players.map(({ playerId }) => playerId).toSorted(),
          players.map(({ account }) => account.playerId).toSorted(),
          "the players of the match",
        );
        positive(found[0]?.joinWithinMs, "join_within_ms");
        for (const { socket } of players) socket.cut();
      });
    },
  },
  {
    name: "gives a player who holds a seat that seat, on whatever connection and for whatever mode, until it is given up",
    rows: ["queue/a-player-has-at-most-one-seat", "queue/a-seat-becomes-free"],
    async run(bench) {
      const [one, other] = await bench.seated();
      one.socket = (await bench.connected(one.account)).socket;
      await one.socket.ask("enqueue", { mode: await bench.mode() });
      const found = await one.socket.next("matchFound");
      same([found.matchId, found.held], [one.matchId, true], "the match of MatchFound for a player who holds a seat");
      await bench.join(one);
      same((await one.socket.ask("leaveMatch", {})).kind, "matchCancelled", "the answer to LeaveMatch");
      await bench.queueing(async () => {
        same(
          (await one.socket.ask("enqueue", { mode: await bench.mode() })).kind,
          "queued",
          "the answer to Enqueue after the seat was given up",
        );
        await one.socket.ask("cancelQueue", {});
      });
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "calls off a match to which a player does not come, who then has to wait",
    rows: [
      "queue/a-player-who-does-not-join",
      "queue/matchfound",
      "match/the-simulation-starts",
      "error/no_show_cooldown",
    ],
    async run(bench) {
      const [one, other] = await bench.matched();
      await bench.join(one);
      for (const { socket } of [one, other])
        same(
          (await socket.next("matchCancelled", () => true, 10_000 + ABSENCE_MARGIN_MS)).reason,
          "no_show",
          "why the match is called off",
        );
      await other.socket.ask("enqueue", { mode: await bench.mode() });
      const left = await other.socket.next("queueLeft");
      same(left.reason, "no_show_cooldown", "why a player who did not come cannot queue");
      positive(left.retryAfterMs, "retry_after_ms");
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "fills seats with bots in a mode for practice, and limits how many matches a player starts there",
    rows: ["queue/a-mode-may-fill", "queue/practice_limited", "error/practice_limited"],
    async run(bench) {
      const { mode } = bench.practiceMode();
      const { socket } = await bench.connected();
      for (let i = 0; ; i++) {
        const answer = await socket.ask("enqueue", { mode });
        const refusal =
          answer.kind === "queued"
            ? await socket.told.take(
                bench.withinMs,
                "match or refusal",
                ({ message }) => message.case === "matchFound" || message.case === "queueLeft",
              )
            : undefined;
        const message = refusal?.message;
        if (message?.case !== "matchFound") {
          const code = message?.case === "queueLeft" ? message.value.reason : answer.kind;
          same(code, "practice_limited", `the answer to match ${i + 1} for practice`);
          positive(
            message?.case === "queueLeft" ? message.value.retryAfterMs : answer.value["retryAfterMs"],
            "retry_after_ms",
          );
          holds(i >= PRACTICE_AT_ONCE, `only ${i} matches for practice`);
          break;
        }
        holds(
          message.value.players.some(({ bot }) => bot !== ""),
          "no player of a match for practice is a bot",
        );
        await socket.ask("joinMatch", { seatTicket: message.value.seatTicket });
        await socket.ask("leaveMatch", {});
        holds(i < 3 * PRACTICE_AT_ONCE, `${i} matches for practice at once`);
      }
      socket.cut();
    },
  },
];

export const MATCH_CHECKS: readonly Check<Bench>[] = [
  {
    name: "plays a match to its end: keyframe, every delta, and the hash of the last state for both; after it there is nothing to join",
    rows: [
      "match/joinmatch",
      "match/a-keyframe-follows",
      "match/matchended",
      "match/seatstatus",
      "error/match_over",
      "limit/an-unanswered-websocket-ping",
    ],
    async run(bench) {
      const build = await bench.build(await bench.mode());
      const pair = await bench.matched();
      const pinged = new Promise<void>((resolve) => pair[0].socket.raw.once("ping", () => resolve()));
      const joined = await bench.join(pair[0]);
      same(
        [joined["layoutHash"], joined["resumed"], joined["lastInputSeq"], joined["tickRate"]],
        [build.layoutHash, false, 0, build.tickRate],
        "what MatchJoined says",
      );
      const decoders = [decoderOf(build), decoderOf(build)];
      same(
        decoders[0]?.apply(await pair[0].socket.frame())?.tick,
        0,
        "the tick of the keyframe while the other player is missing",
      );
      same(pair[0].socket.frames.untaken.length, 0, "frames before all have joined");
      await bench.join(pair[1]);
      const payload = emptyInput(build);
      for (const { socket } of pair) socket.input(1, 0, payload);
      await pinged;
      for (const [i, { socket, ticket }] of pair.entries()) {
        const end = await socket.next("matchEnded", () => true, MATCH_MS);
        const decoder = decoders[i] as ReturnType<typeof decoderOf>;
        for (let tick = i === 0 ? 1 : 0; tick <= end.ticks; tick++)
          same(decoder.apply(await socket.frame())?.tick, tick, "the tick of the next frame");
        same(decoder.hash(), end.stateHash, "the hash of the last state");
        same(
          end.seats.map(({ seat }) => seat).toSorted((a, b) => a - b),
          [0, 1],
          "the seats of the result",
        );
        same(
          (await socket.ask("joinMatch", { seatTicket: ticket })).kind,
          "match_over",
          "the answer to JoinMatch after the end",
        );
        socket.cut();
      }
    },
  },
  {
    name: "applies inputs, acknowledges them, and refuses those that are none, too late, too early or out of order",
    rows: [
      "match/an-input-is-applied",
      "match/a-refused-input",
      "error/input_malformed",
      "error/input_too_late",
      "error/input_too_early",
      "error/input_out_of_order",
      "error/input_overflow",
    ],
    async run(bench) {
      const build = await bench.build(await bench.mode());
      const payload = emptyInput(build);
      const [one, other] = await bench.seated();
      const decoder = decoderOf(build);
      const acked = async (seq: number): Promise<number> => {
        for (;;) {
          const seen = decoder.apply(await one.socket.frame());
          if (seen && (seen.acks[one.seat] ?? 0) >= seq) return seen.tick;
        }
      };
      one.socket.input(1, 0, payload);
      const tick = await acked(1);
      for (const [code, seq, at, bytes] of [
        ["input_out_of_order", 1, 0, payload],
        ["input_malformed", 2, 0, new Uint8Array(payload.length + 1)],
        ["input_too_early", 2, tick + 1000, payload],
      ] as const) {
        one.socket.input(seq, at, bytes);
        positive((await one.socket.refusal(code)).count, `the count of ${code}`);
      }
      one.socket.input(2, 0, payload); // a refused input does not use up its number
      await acked(2);
      while ((decoder.apply(await one.socket.frame())?.tick ?? 0) < 40);
      one.socket.input(3, 1, payload);
      await one.socket.refusal("input_too_late");
      const last = Number((decoder.snapshot() as { tick: number }).tick);
      for (let seq = 3; seq < 25; seq++) one.socket.input(seq, last + 25, payload);
      await one.socket.refusal("input_overflow");
      await acked(24);
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "limits inputs to 120 a second, and closes a connection of which too many are refused with 4505",
    rows: ["limit/inputs-per-second", "error/input_too_fast", "close/4505"],
    async run(bench) {
      const payload = emptyInput(await bench.build(await bench.mode()));
      const [one, other] = await bench.seated();
      for (let seq = 1; seq <= 400; seq++) one.socket.input(seq, 0, payload);
      positive((await one.socket.refusal("input_too_fast")).count, "the count of input_too_fast");
      same(
        (await one.socket.ask("ping", { payload: 1n })).kind,
        "pong",
        "the answer to Ping after inputs that were too fast",
      );
      const end = performance.now() + bench.withinMs;
      while (other.socket.raw.readyState === 1 && performance.now() < end) {
        for (let i = 0; i < 50; i++) other.socket.input(1, 0, new Uint8Array(payload.length + 1));
        await pause(100);
      }
      same(await other.socket.code("refused inputs"), 4505, "the code after inputs that are none");
      one.socket.cut();
    },
  },
  {
    name: "keeps the seat of a player whose connection is lost, tells the others, and goes on where it was",
    rows: ["match/a-player-whose-connection", "match/a-returning-player", "match/seatstatus"],
    async run(bench) {
      const build = await bench.build(await bench.mode());
      const [one, other] = await bench.seated();
      one.socket.input(7, 0, emptyInput(build));
      for (const decoder = decoderOf(build); (decoder.apply(await one.socket.frame())?.acks[one.seat] ?? 0) < 7; );
      one.socket.cut();
      const away = await statusOf(other, one);
      positive(away.graceMs, "grace_ms");
      const back = await bench.back(one);
      same([back["resumed"], back["lastInputSeq"]], [true, 7], "resumed and last_input_seq after the return");
      holds(
        decoderOf(build).apply(await one.socket.frame()) !== undefined,
        "the first frame after the return is no keyframe",
      );
      const here = await statusOf(other, one);
      same(here.connected, true, "the other seat is connected");
      holds(
        away.matchSeq > 0 && here.matchSeq > away.matchSeq,
        `match_seq goes from ${away.matchSeq} to ${here.matchSeq}`,
      );
      other.socket.cut();
      await statusOf(one, other);
      one.socket.cut();
      await bench.back(one, here.matchSeq);
      same((await statusOf(one, other)).connected, false, "what a returning player is told of the other seat");
      one.socket.cut();
    },
  },
  {
    name: "closes the connection from which the same player took the seat with 4503",
    rows: ["close/4503"],
    async run(bench) {
      const [one, other] = await bench.seated();
      const before = one.socket;
      await bench.back(one);
      same(await before.code("the seat was taken elsewhere"), 4503, "the code of the first connection");
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "ends the match of a player who leaves, and tells both",
    rows: ["match/leavematch"],
    async run(bench) {
      const [one, other] = await bench.seated();
      const { kind, value } = await one.socket.ask("leaveMatch", {});
      same([kind, value["reason"]], ["matchCancelled", "left"], "the answer to LeaveMatch");
      const message = (
        await other.socket.told.take(
          bench.withinMs,
          "end of the match",
          (told) => told.message.case === "matchEnded" || told.message.case === "matchCancelled",
        )
      ).message;
      holds(message.case === "matchCancelled" || message.case === "matchEnded", "the other player is not told");
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "refuses another player's seat ticket",
    rows: ["error/seat_ticket_foreign"],
    async run(bench) {
      const [one, other] = await bench.matched();
      same(
        (await other.socket.ask("joinMatch", { seatTicket: one.ticket })).kind,
        "seat_ticket_foreign",
        "the answer to JoinMatch with another player's ticket",
      );
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "steps a match without a clock when an input comes, and says which moves are illegal",
    rows: ["match/a-game-without-a-clock", "error/illegal_move", "match/a-refused-input"],
    async run(bench) {
      const mode = await bench.modeWithoutClock();
      const build = await bench.build(mode);
      const pair = await bench.seated(mode);
      const decoders = new Map(pair.map((seat) => [seat, decoderOf(build)]));
      for (const seat of pair) decoders.get(seat)?.apply(await seat.socket.frame());
      for (const { socket } of pair) socket.input(1, 0, emptyInput(build));
      const refused = await Promise.race(pair.map((seat) => seat.socket.refusal("illegal_move").then(() => seat)));
      const mover = pair.find((seat) => seat !== refused) as Seat;
      for (let seen = decoders.get(mover)?.snapshot(); (seen?.acks[mover.seat] ?? 0) < 1; )
        seen = decoders.get(mover)?.apply(await mover.socket.frame()) as typeof seen;
      for (const { socket } of pair) socket.cut();
    },
  },
];

async function statusOf(seat: Seat, about: Seat): Promise<{ connected: boolean; graceMs: number; matchSeq: number }> {
  const { message, matchSeq } = await seat.socket.told.take(
    5000,
    "SeatStatus",
    (told) => told.message.case === "seatStatus" && told.message.value.seat === about.seat,
  );
  const { connected, graceMs } = message.value as { connected: boolean; graceMs: number };
  return { connected, graceMs, matchSeq };
}
