// Two players register, log in, queue, play a duel with real inputs until the game decides, and find it in their
// histories. Usage: smoke.ts [URL] [MODE]. Exit code 0 when everything was as it should be. Without a URL it plays on the
// local system, on whichever port that has.
import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import {
  type FoundMatch,
  type MatchEnd,
  type MatchSummary,
  MusterClient,
  MusterError,
  type Player,
  type PlayingMatch,
  type Realtime,
} from "@muster/client";
import { duel, duelBot, type DuelState } from "@muster/game-duel";
import { openReplayFile, Replay } from "@muster/game-kit";
import { localUrl } from "@muster/local";
import { checkRatings } from "./ratings.ts";

const url = process.argv[2] || ownUrl();
const mode = process.argv[3] ?? "duel-quick";
const WITHIN_MS = 180_000;
/** A consumer that has just started joins its group first. */
const REPLAY_WITHIN_MS = 60_000;

interface Contestant {
  readonly client: MusterClient;
  readonly player: Player;
  readonly realtime: Realtime;
}

type Ended = Extract<MatchEnd, { kind: "ended" }>;

const deadline = setTimeout(() => {
  console.error(`smoke: not done after ${WITHIN_MS / 1000} s`);
  process.exit(1);
}, WITHIN_MS);
try {
  await play();
  console.log("smoke: passed");
} catch (err) {
  // Nobody there is no fault to be looked for in the code.
  if (err instanceof MusterError && err.code === "network")
    console.error(`smoke: FAILED: ${err.message}. Does it run? scripts/up.sh starts the local system`);
  else console.error("smoke: FAILED", err);
  process.exit(1); // the players' sockets are open, and would come back for ever
}
clearTimeout(deadline);

function ownUrl(): string {
  try {
    return localUrl();
  } catch (err) {
    console.error(`smoke: FAILED: ${(err as Error).message}; or name a system: scripts/smoke.sh URL`);
    process.exit(1);
  }
}

async function play(): Promise<void> {
  const startedAt = performance.now();
  const suffix = randomBytes(4).toString("hex");
  const [hunter, drifter] = await Promise.all([enter(`hunter-${suffix}`), enter(`drifter-${suffix}`)]);
  console.log(`smoke: ${hunter.player.name} and ${drifter.player.name} are registered, logged in and connected`);

  const [found, foundByOther] = await Promise.all([hunter.realtime.queue(mode), drifter.realtime.queue(mode)]);
  checkFound(found, foundByOther, hunter, drifter);
  console.log(`smoke: matched as ${found.matchId} in mode ${found.mode}`);

  const [mine, theirs] = await Promise.all([
    hunter.realtime.join(found, duel),
    drifter.realtime.join(foundByOther, duel),
  ]);
  const [inputsA, inputsB] = [steer(mine, duelBot), steer(theirs, drift)];
  const [end, endOfOther] = await Promise.all([mine.ended, theirs.ended]);
  assert.equal(end.kind, "ended", `the match was ${end.kind}: ${end.reason}`);
  assert.deepEqual(end, endOfOther, "both players hear the same result");
  const result = end as Ended;
  assert.equal(result.reason, "played");
  assert.ok(inputsA() > result.ticks / 2 && inputsB() > result.ticks / 2, "inputs went out all the time");
  assert.ok((result.seats[found.seat]?.score ?? 0) > 0, "the hunter has hit something, so its inputs were applied");
  assert.equal(mine.stateHash, result.stateHash, "the client holds the very state that the shard ended with");
  assert.equal(theirs.stateHash, result.stateHash);
  console.log(
    `smoke: the game ended after ${result.ticks} ticks, scores ${result.seats.map((s) => s.score).join(":")}, state ${result.stateHash}`,
  );

  for (const contestant of [hunter, drifter]) await checkHistory(contestant, found, result);
  await checkRatings(url, mode, found.matchId, byRank(result, found, hunter, drifter));
  await talk(hunter, drifter, found.matchId);
  await checkReplay(hunter, found.matchId, result);
  for (const { realtime, client } of [hunter, drifter]) {
    realtime.close();
    await client.logOut();
  }
  console.log(
    `smoke: both histories show that match, result and score (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`,
  );
}

/** Who has won first. */
function byRank(result: Ended, found: FoundMatch, hunter: Contestant, drifter: Contestant): [Contestant, Contestant] {
  return result.seats[found.seat]?.rank === 1 ? [hunter, drifter] : [drifter, hunter];
}

/** The loser says good game in the match's channel; the winner hears it on the socket and finds it in the channel. */
async function talk(hunter: Contestant, drifter: Contestant, matchId: string): Promise<void> {
  const heard = Promise.withResolvers<string>();
  await hunter.realtime.subscribeToChat({ onMessage: (message) => heard.resolve(message.body) });
  const { channelId } = await drifter.client.chat.match(matchId);
  await drifter.realtime.sendChat(channelId, "good game");
  const late = setTimeout(() => heard.reject(new Error("the chat message did not arrive within 5 s")), 5000);
  assert.equal(await heard.promise, "good game");
  clearTimeout(late);
  const { messages } = await hunter.client.chat.history(channelId);
  assert.deepEqual(
    messages.map(({ authorName, body }) => [authorName, body]),
    [[drifter.player.name, "good game"]],
  );
  console.log("smoke: a chat message went from one player to the other");
}

/** It comes through Kafka, some moments after the match, and plays to the state in which the match ended. */
async function checkReplay({ client }: Contestant, matchId: string, result: Ended): Promise<void> {
  if (await isDegraded("replay-service")) return console.log("smoke: there is no Kafka, so replays and ratings wait");
  const deadline = performance.now() + REPLAY_WITHIN_MS;
  for (;;) {
    const replay = await client.replays.of(matchId).catch((err: unknown) => {
      if (err instanceof MusterError && err.code === "replay_not_found") return undefined;
      throw err;
    });
    if (replay?.verdict !== undefined) {
      assert.equal(replay.verdict, "verified", `the replay is ${replay.verdict}: ${replay.verdictReason}`);
      break;
    }
    const state = replay ? "it is not verified" : "there is none";
    assert.ok(performance.now() < deadline, `no verified replay after ${REPLAY_WITHIN_MS / 1000} s: ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { setup, log } = await openReplayFile(await client.replays.download(matchId));
  const played = new Replay(duel, setup, log);
  played.seek(played.ticks);
  assert.equal(played.hash, result.stateHash, "the replay plays to the state in which the match ended");
  console.log("smoke: its replay is verified, and plays to the same state");
}

/** As the ingress tells everybody; not known is not degraded. */
async function isDegraded(process: string): Promise<boolean> {
  const { processes } = (await (await fetch(`${url}/healthz`)).json().catch(() => ({}))) as {
    processes?: Record<string, string>;
  };
  return processes?.[process]?.startsWith("degraded") ?? false;
}

/** Registers, and logs in with the password from a second device, as a returning player would. */
async function enter(name: string): Promise<Contestant> {
  const password = randomBytes(12).toString("base64url");
  const registered = await new MusterClient({ url }).register({ name, password });
  const client = new MusterClient({ url });
  const player = await client.logIn({ name, password, deviceLabel: "smoke" });
  assert.deepEqual(player, registered);
  assert.deepEqual(await client.me(), registered);
  assert.deepEqual((await client.history()).matches, [], "a new player has no history");
  return { client, player, realtime: await client.connect() };
}

function checkFound(found: FoundMatch, other: FoundMatch, hunter: Contestant, drifter: Contestant): void {
  assert.equal(
    found.matchId,
    other.matchId,
    "both are in one match; with other players in this queue, run the smoke alone",
  );
  assert.deepEqual(new Set([found.seat, other.seat]), new Set([0, 1]));
  assert.equal(found.players[found.seat]?.playerId, hunter.player.playerId);
  assert.equal(found.players[other.seat]?.playerId, drifter.player.playerId);
  assert.notEqual(found.seatTicket, other.seatTicket);
}

/** Sends an input after every snapshot. @returns how many so far. */
function steer(match: PlayingMatch<typeof duel.state, typeof duel.input>, pilot: typeof duelBot): () => number {
  let inputs = 0;
  match.onSnapshot(({ state }) => {
    match.send(pilot(state, match.seat));
    inputs++;
  });
  return () => inputs;
}

/** Flies in wide circles and never fires: it loses to anyone who aims. */
function drift(_state: DuelState, _seat: number): ReturnType<typeof duelBot> {
  return { left: true, right: false, thrust: true, fire: false };
}

async function checkHistory({ client, player }: Contestant, found: FoundMatch, result: Ended): Promise<void> {
  const match = await storedMatch(client, found.matchId);
  assert.equal(match.state, "ended");
  assert.equal(match.endReason, "played");
  assert.equal(match.mode, mode);
  assert.equal(match.gameId, duel.id);
  assert.equal(match.buildId, duel.buildId);
  assert.equal(match.ticks, result.ticks);
  assert.equal(match.stateHash, result.stateHash);
  assert.deepEqual(
    match.participants.map(({ score, rank }) => ({ score, rank })),
    result.seats,
    "the stored scores are the played ones",
  );
  assert.deepEqual(
    match.participants.map((p) => p.playerId),
    found.players.map((p) => p.playerId),
  );
  assert.ok(match.participants.some((p) => p.playerId === player.playerId && p.name === player.name));
  assert.ok(Date.parse(match.endedAt as string) >= Date.parse(match.createdAt));
  assert.deepEqual(await client.match(found.matchId), match, "one match, the same everywhere");
}

/** The result is on its way when the game ends: it is there within moments. */
async function storedMatch(client: MusterClient, matchId: string): Promise<MatchSummary> {
  for (let attempt = 0; ; attempt++) {
    const { matches } = await client.history();
    assert.deepEqual(
      matches.map((match) => match.matchId),
      [matchId],
      "the history holds that match and no other",
    );
    const match = matches[0] as MatchSummary;
    if (match.state !== "running" || attempt === 50) return match;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
