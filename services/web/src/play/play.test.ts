// The way from a mode to the end of a match, whatever the player does meanwhile.
import { FakeConnection, playedMatch, settled, somebody } from "../../test/tab.ts";
import { type FoundMatch, type MatchEnd, MusterError } from "@muster/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client, player, realtime, signOut } from "../session/session.ts";
import { dismiss, leaveQueue, play, start } from "./play.ts";

const FOUND = {
  matchId: "m1",
  mode: "four",
  gameId: "four",
  players: [
    { seat: 1, name: "ann", bot: "" },
    { seat: 0, name: "bob", bot: "" },
  ],
} as unknown as FoundMatch;
const END = { kind: "ended", reason: "won", seats: [], ticks: 9, stateHash: "ab" } as unknown as MatchEnd;

let connection: FakeConnection;
vi.spyOn(client, "connect").mockImplementation(async () => connection.asRealtime);
vi.spyOn(client, "logOut").mockResolvedValue();

beforeEach(() => {
  connection = new FakeConnection();
  player.value = somebody("ann");
});
afterEach(async () => {
  await signOut();
  vi.useRealTimers();
});

const reached = (at: string): Promise<void> => vi.waitFor(() => expect(play.value.at).toBe(at));

it("leads from the queue over the seat to the end, and keeps what ended apart from what still runs", async () => {
  start("four");
  expect(play.value).toMatchObject({ at: "queueing", mode: "four" });
  await settled();
  connection.found.resolve(FOUND);
  await reached("joining");
  const { match, end } = playedMatch();
  connection.joined.resolve(match);
  await reached("playing");
  expect(play.value).toMatchObject({ feed: { names: ["bob", "ann"], seat: 1 } });
  end(END);
  await reached("over");
  expect(play.value).toMatchObject({ found: FOUND, seat: 1, end: END });
  dismiss();
  expect(play.value).toEqual({ at: "idle", after: "m1" });
});

it("says who is away and for how long, until they are back", async () => {
  start("four");
  connection.found.resolve(FOUND);
  const { match, statuses } = playedMatch();
  connection.joined.resolve(match);
  await reached("playing");
  const { away } = play.value as Extract<typeof play.value, { at: "playing" }>;
  const tell = (connected: boolean): void =>
    statuses.forEach((listener) => listener({ seat: 0, connected, graceMs: 500 }));
  expect(away.value).toBeUndefined();
  tell(false);
  expect(away.value?.seat).toBe(0);
  expect((away.value?.until ?? 0) - performance.now()).toBeGreaterThan(0);
  tell(true);
  expect(away.value).toBeUndefined();
});

it("goes on while the player's account changes: it is the same player", async () => {
  start("four");
  await settled();
  player.value = { ...somebody("ann"), name: "anne", kind: "registered" };
  expect([play.value.at, connection.queue.mock.calls[0]?.[1].signal.aborted]).toEqual(["queueing", false]);
});

it("asks the server nothing more when the match is over, and keeps nothing of it", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  start("four");
  connection.found.resolve(FOUND);
  const { match, end, snapshots } = playedMatch();
  connection.joined.resolve(match);
  await reached("playing");
  expect([vi.getTimerCount(), snapshots.size]).toEqual([1, 1]);
  end(END);
  await reached("over");
  expect([vi.getTimerCount(), snapshots.size]).toEqual([0, 0]);
});

it("queues once, however often it is started", async () => {
  start("four");
  start("duel");
  await settled();
  connection.found.resolve(FOUND);
  await reached("joining");
  start("duel");
  connection.joined.resolve(playedMatch().match);
  await reached("playing");
  start("duel");
  await settled();
  expect(connection.queue.mock.calls.map(([mode]) => mode)).toEqual(["four"]);
  expect(play.value.at).toBe("playing");
});

it("is idle again when the queue was left", async () => {
  start("four");
  await settled();
  leaveQueue();
  await settled();
  expect(play.value).toEqual({ at: "idle" });
});

it("goes on to the result of a match that was found just before the queue was left", async () => {
  start("four");
  await settled();
  connection.found.resolve(FOUND);
  await settled();
  leaveQueue();
  const { match, end } = playedMatch();
  connection.joined.resolve(match);
  await reached("playing");
  end(END);
  await reached("over");
});

it("says what failed after a match was found, also to who wanted to leave before", async () => {
  start("four");
  await settled();
  connection.found.resolve(FOUND);
  await settled();
  leaveQueue();
  connection.joined.reject(new MusterError("shard_unavailable", "no"));
  await reached("failed");
});

it("takes the seat that the player holds in another mode", async () => {
  start("duel");
  await settled();
  connection.found.reject(new MusterError("already_in_match", "you hold a seat", { details: { found: FOUND } }));
  await reached("joining");
  expect(play.value).toMatchObject({ mode: "four" });
  await vi.waitFor(() => expect(connection.join.mock.calls[0]?.[0]).toBe(FOUND));
});

it.each(["queue_full", "already_in_match"])("says what failed: %s", async (code) => {
  start("four");
  await settled();
  connection.found.reject(new MusterError(code, "no"));
  await reached("failed");
  expect(play.value).toMatchObject({ mode: "four", error: { code } });
  start("four"); // again
  expect(play.value.at).toBe("queueing");
});

it("takes neither a queue nor a match along to the next player", async () => {
  const first = connection;
  start("four");
  await settled();
  first.queue.mock.calls[0]?.[1].signal.throwIfAborted();
  player.value = somebody("bob");
  expect([play.value.at, first.queue.mock.calls[0]?.[1].signal.aborted]).toEqual(["idle", true]);

  realtime.value?.close();
  connection = new FakeConnection();
  start("duel");
  await settled(); // the end of the first queue comes now
  expect(play.value).toMatchObject({ at: "queueing", mode: "duel" });

  connection.found.resolve(FOUND);
  const { match, end } = playedMatch();
  connection.joined.resolve(match);
  await reached("playing");
  player.value = undefined;
  end(END);
  await settled();
  expect(play.value).toEqual({ at: "idle" });
});
