// Which differences between the local game and the match are detected, and what happens to the connection then.
import { create } from "@bufbuild/protobuf";
import { MatchJoinedSchema, WatchingSchema } from "@muster/contracts/realtime/v1/client";
import { duel } from "@muster/game-duel";
import { descriptionOf, type Game, list, uint } from "@muster/game-kit";
import { decodeClientControl, encodeServerControl } from "@muster/realtime";
import { beforeEach, describe, expect, it } from "vitest";
import { Realtime } from "./realtime.ts";
import { differenceTo } from "./same-game.ts";

const own = descriptionOf(duel as unknown as Game);
const served = { gameId: own.gameId, buildId: own.buildId, layoutHash: own.layoutHash };
/** Bytes that no game's code can read. */
const NONSENSE = Uint8Array.of(3, 1, 0, 0, 0, 2, 9);

/** A gateway that plays `as`. */
class FakeWebSocket extends EventTarget {
  static as: typeof served = served;
  static latest: FakeWebSocket;
  /** Whether it sends no nonsense. */
  static readable = false;
  static joinRefusal = "";
  static stopsAfterMs = 0;
  readyState = 1;
  binaryType = "";
  readonly asked: (string | undefined)[] = [];
  constructor() {
    super();
    FakeWebSocket.latest = this;
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }
  send(frame: Uint8Array): void {
    const { requestId, message } = decodeClientControl(frame);
    this.asked.push(message.case);
    const tell = (answer: Parameters<typeof encodeServerControl>[0]["message"]): void =>
      this.bytes(encodeServerControl({ requestId, message: answer as never }));
    queueMicrotask(() => {
      if (message.case === "hello") tell({ case: "welcome", value: {} } as never);
      const rules = { ...FakeWebSocket.as, matchId: "m", seats: 2, tickRate: 30 };
      if (message.case === "joinMatch" && FakeWebSocket.joinRefusal !== "")
        return tell({ case: "error", value: { code: FakeWebSocket.joinRefusal } } as never);
      if (message.case === "joinMatch") tell({ case: "matchJoined", value: create(MatchJoinedSchema, rules) } as never);
      if (message.case === "watchMatch") tell({ case: "watching", value: create(WatchingSchema, rules) } as never);
      const ended = { case: "watchEnded", value: { matchId: "m", reason: "stopped" } } as never;
      if (message.case === "stopWatching") setTimeout(() => tell(ended), FakeWebSocket.stopsAfterMs);
      if (!FakeWebSocket.readable && (message.case === "joinMatch" || message.case === "watchMatch"))
        this.bytes(NONSENSE); // at once
      if (message.case === "ping") tell({ case: "pong", value: {} } as never);
    });
  }
  bytes(frame: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: frame.slice().buffer }));
  }
  close(): void {
    this.readyState = 3;
  }
}

function connect(as: typeof served): Realtime {
  FakeWebSocket.as = as;
  return new Realtime("ws://test", async () => "token", { webSocket: FakeWebSocket as never });
}

describe("a match of another game than the code is of", () => {
  beforeEach(() => void (FakeWebSocket.as = served));

  it.each([
    ["wrong_game", { ...served, gameId: "race" }],
    ["wrong_layout", { ...served, layoutHash: "0123456789abcdef" }],
    ["wrong_build", { ...served, buildId: "duel-2" }],
  ])("is refused with %s, to play and to watch, and the connection works on", async (code, as) => {
    const realtime = connect(as);
    const details = { server: as, client: served };
    await expect(realtime.join({ seatTicket: "t" }, duel)).rejects.toMatchObject({ code, details });
    await expect(realtime.watch("m", duel)).rejects.toMatchObject({ code, details });
    expect(FakeWebSocket.latest.asked).toContain("stopWatching");
    await realtime.ping();
    realtime.close();
  });

  it("is refused before the seat is taken when the queue's answer names it", async () => {
    const realtime = connect(served);
    await realtime.ready();
    await expect(realtime.join({ seatTicket: "t", gameId: "race" }, duel)).rejects.toMatchObject({
      code: "wrong_game",
    });
    expect(FakeWebSocket.latest.asked).not.toContain("joinMatch");
    realtime.close();
  });

  it("may be another build of the same layout when that is said", async () => {
    const realtime = connect({ ...served, buildId: "duel-2" });
    const match = await realtime.join({ seatTicket: "t" }, duel, { anyBuild: true });
    expect(match.matchId).toBe("m");
    realtime.close();
  });

  it("is told by a copy with another width, name, order, length or expectation of any field, of the state or the input", () => {
    const copies: Partial<Game>[] = [
      { state: { ...duel.state, round: uint(5) } },
      { state: { ...duel.state, roundTicksLeft: uint(16) } },
      {
        state: {
          roundTicksLeft: duel.state.roundTicksLeft,
          round: duel.state.round,
          ships: duel.state.ships,
          bullets: duel.state.bullets,
        },
      },
      { state: { ...duel.state, ships: list(3, duel.state.ships.fields) } },
      { state: { ...duel.state, more: uint(1) } },
      { input: { ...duel.input, fire: uint(2) } },
      { input: { left: duel.input.left, right: duel.input.right, shoot: duel.input.fire, thrust: duel.input.thrust } },
    ];
    for (const copy of copies) {
      const other = { ...duel, ...copy } as unknown as Game;
      expect(differenceTo(served, other)?.code, Object.keys(copy).join()).toBe("wrong_layout");
    }
    expect(differenceTo(served, duel)).toBeUndefined();
  });
});

it("a join that ends what was watched says so, also when it leads to no seat", async () => {
  const realtime = connect(served);
  FakeWebSocket.readable = true;
  try {
    const watched = await realtime.watch("m", duel);
    for (const [joinRefusal, expected] of [
      ["seat_ticket_expired", "goes on"],
      ["match_over", "stopped"],
    ] as const) {
      FakeWebSocket.joinRefusal = joinRefusal;
      await expect(realtime.join({ seatTicket: "t" }, duel)).rejects.toMatchObject({ code: joinRefusal });
      expect(await Promise.race([watched.ended, Promise.resolve("goes on")])).toBe(expected);
    }
  } finally {
    FakeWebSocket.readable = false;
    FakeWebSocket.joinRefusal = "";
    realtime.close();
  }
});

it("bytes that cannot be read end what is shown, and nothing else: the process and the connection go on", async () => {
  const realtime = connect(served);
  const match = await realtime.join({ seatTicket: "t" }, duel);
  expect(await match.ended).toEqual({ kind: "cancelled", reason: "bad_frame" });
  const watched = await realtime.watch("m", duel);
  expect(await watched.ended).toBe("bad_frame");
  await realtime.ping();
  expect(FakeWebSocket.latest.asked).toEqual([
    "hello",
    "joinMatch",
    "leaveMatch",
    "watchMatch",
    "stopWatching",
    "ping",
  ]);
  realtime.close();
});

it("who has gone on to another match stops nothing of it by what was still on its way for the first one", async () => {
  FakeWebSocket.readable = true;
  const realtime = connect(served);
  try {
    const [first, second] = [realtime.watch("m", duel), realtime.watch("n", duel)];
    await realtime.stopWatching(await first);
    const next = await second;
    const refused = realtime.watch("o", { ...duel, id: "another" });
    const last = realtime.watch("m", duel);
    await expect(refused).rejects.toMatchObject({ code: "wrong_game" });
    expect(await Promise.race([(await last).ended, Promise.resolve("goes on")])).toBe("goes on");
    expect([await (await first).ended, await next.ended]).toEqual(["stopped", "stopped"]);
    expect(FakeWebSocket.latest.asked).not.toContain("stopWatching");
    await realtime.stopWatching(await last);
    expect(await (await last).ended).toBe("stopped");
  } finally {
    FakeWebSocket.readable = false;
    realtime.close();
  }
});

it("the end of one match that is told late is not the end of the next one", async () => {
  Object.assign(FakeWebSocket, { readable: true, stopsAfterMs: 10 });
  const realtime = connect(served);
  try {
    const first = await realtime.watch("m", duel);
    const stopping = realtime.stopWatching();
    const next = await realtime.watch("m", duel);
    await stopping;
    expect([await first.ended, await Promise.race([next.ended, Promise.resolve("goes on")])]).toEqual([
      "stopped",
      "goes on",
    ]);
    FakeWebSocket.readable = false;
    expect(await (await realtime.watch("m", duel)).ended).toBe("bad_frame");
    FakeWebSocket.readable = true;
    const behindNonsense = await realtime.watch("m", duel);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await Promise.race([behindNonsense.ended, Promise.resolve("goes on")])).toBe("goes on");
    const match = await realtime.join({ seatTicket: "t" }, duel);
    const cancelled = { case: "matchCancelled", value: { matchId: "another", reason: "no_show" } } as const;
    FakeWebSocket.latest.bytes(encodeServerControl({ message: cancelled }));
    await realtime.ping();
    expect(await Promise.race([match.ended, Promise.resolve("goes on")])).toBe("goes on");
  } finally {
    Object.assign(FakeWebSocket, { readable: false, stopsAfterMs: 0 });
    realtime.close();
  }
});
