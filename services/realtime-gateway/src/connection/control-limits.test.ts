import { readFileSync } from "node:fs";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ClientControlSchema } from "@muster/contracts/realtime/v1";
import { createLogger } from "@muster/log";
import {
  DISCONNECTS,
  decodeServerControl,
  encodeClientControl,
  encodeServerControl,
  PROTOCOL_VERSION,
  REALTIME_ERRORS,
} from "@muster/realtime";
import { describe, expect, it } from "vitest";
import { Connection, type OwnedConnectionParts } from "./connection.ts";
import { controlHead } from "./control-head.ts";
import {
  CONTROL_LIMITS,
  ControlBudget,
  ControlBudgets,
  type ControlKind,
  ControlRates,
  kindOf,
} from "./control-limits.ts";
import { ControlWork } from "./control-work.ts";
import { rateLimitedReply } from "./rate-limited-reply.ts";
import { ReadingSocket } from "../../test/reading-socket.ts";

type ToServer = MessageInitShape<typeof ClientControlSchema>["message"];

const UUID = "01890000-0000-7000-8000-000000000001";
/** One of each kind that the contract has: a new one has to be written down here too. */
const MESSAGES: Readonly<Record<ControlKind, ToServer>> = {
  hello: { case: "hello", value: { accessToken: "ann", protocolVersion: PROTOCOL_VERSION } },
  enqueue: { case: "enqueue", value: { mode: "duel" } },
  cancelQueue: { case: "cancelQueue", value: {} },
  joinMatch: { case: "joinMatch", value: { seatTicket: "ticket" } },
  leaveMatch: { case: "leaveMatch", value: {} },
  ping: { case: "ping", value: { payload: 7n } },
  chatSubscribe: { case: "chatSubscribe", value: { cursors: [] } },
  chatSend: { case: "chatSend", value: { channelId: UUID, body: "hello", key: "k" } },
  watchMatch: { case: "watchMatch", value: { matchId: UUID } },
  stopWatching: { case: "stopWatching", value: {} },
};
const KINDS = ClientControlSchema.oneofs.flatMap(({ fields }) =>
  fields.map(({ localName }) => localName as ControlKind),
);

class RecordingSocket extends ReadingSocket {
  readonly sent: Uint8Array[] = [];
  ended: number | undefined;
  override send(bytes: Uint8Array): "sent" {
    this.sent.push(bytes.slice());
    return "sent";
  }
  override end(code: number): void {
    this.ended = code;
  }
}

/** Everything behind the connection: whatever is called is counted, and does nothing. */
function behind(budgets: ControlBudgets = new ControlBudgets()) {
  const calls = { control: 0, limited: 0, enqueued: 0 };
  const never = new Promise<never>(() => undefined);
  const parts = {
    tokens: {
      verify: async (token: string) => ({ playerId: token, playerName: token, role: "player", expiresAt: 1e12 }),
      isRevoked: () => false,
    },
    seatTickets: { open: () => ({ kind: "seat_ticket_invalid" }) },
    matchmaking: { lacks: () => false, submit: () => void calls.enqueued++, cancel: () => undefined },
    chat: {
      stream: { connected: false, unsubscribe: () => undefined },
      service: { postMessage: () => never },
      posting: { run: (work: () => unknown) => work() },
    },
    ratings: { of: async () => ({ mu: 25, sigma: 8 }) },
    matches: { watch: () => "watching_off", stopWatching: () => undefined },
    budgets,
    work: new ControlWork({ now: () => 0, nextTurn: setImmediate }),
    metrics: {
      control: () => void calls.control++,
      limited: () => void calls.limited++,
      refused: () => undefined,
      closed: () => undefined,
    },
    log: createLogger("test", "silent"),
    now: Date.now,
    limits: { inputsPerS: 120, floodPerS: 2000, inputsRefusedMax: 300, authWithinMs: 1e9, slowCloseMs: 1e9 },
    onAuthenticated: () => undefined,
  } as unknown as OwnedConnectionParts;
  return { parts, calls };
}

async function authenticated(
  parts: OwnedConnectionParts,
): Promise<{ connection: Connection; socket: RecordingSocket }> {
  const socket = new RecordingSocket();
  const connection = new Connection(socket, parts);
  connection.onMessage(encodeClientControl({ message: MESSAGES.hello as never }), true);
  for (let i = 0; socket.sent.length === 0 && i < 100; i++) await Promise.resolve();
  expect(socket.sent).toHaveLength(1);
  socket.sent.length = 0;
  return { connection, socket };
}

const frameOf = (kind: ControlKind, requestId = 1): Uint8Array =>
  encodeClientControl({ requestId, message: MESSAGES[kind] as never });

describe("every kind of control message", () => {
  it("has a row in the table, and is known by its number", () => {
    expect(Object.keys(CONTROL_LIMITS).sort()).toEqual([...KINDS].sort());
    for (const kind of KINDS) expect(kindOf(controlHead(frameOf(kind))?.number ?? 0)).toBe(kind);
  });

  it("has the limit that STATE-MACHINE.md says", () => {
    const text = readFileSync(new URL("../../../../contracts/realtime/STATE-MACHINE.md", import.meta.url), "utf8");
    const rows = [...text.matchAll(/^\| `(\w+)` \| ([\d.]+) \| (\d+) \|$/gm)].map(([, kind, perS, burst]) => [
      kind,
      { perS: Number(perS), burst: Number(burst) },
    ]);
    expect(Object.fromEntries(rows)).toEqual(CONTROL_LIMITS);
  });

  it.each(KINDS)("is refused above its limit, before it is decoded, with the time to wait: %s", async (kind) => {
    const { parts, calls } = behind();
    const { connection, socket } = await authenticated(parts);
    const before = calls.control;
    const { burst, perS } = CONTROL_LIMITS[kind];
    for (let i = 0; i < burst; i++) {
      connection.onMessage(frameOf(kind), true);
      await Promise.resolve();
    }
    expect(calls.control - before).toBe(burst);
    socket.sent.length = 0;
    connection.onMessage(frameOf(kind, 4711), true);
    expect(socket.ended).toBeUndefined();
    expect(calls.control - before).toBe(burst);
    expect(socket.sent.map((frame) => decodeServerControl(frame))).toMatchObject([
      { requestId: 4711, message: { case: "error", value: { code: "rate_limited", retryable: true } } },
    ]);
    const { message } = decodeServerControl(socket.sent[0] as Uint8Array);
    const waitMs = message.case === "error" ? message.value.retryAfterMs : 0;
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(1000 / perS);
  });

  it("costs less refused than accepted, whatever is behind it", async () => {
    const N = 100;
    for (const kind of ["ping", "enqueue", "chatSend"] as const) {
      const frame = frameOf(kind);
      const [accept, refuse] = [
        { perS: 1e6, burst: 1e9 },
        { perS: 1e-6, burst: 1 },
      ].map((limit) => behind(new ControlBudgets(new ControlRates({ [kind]: limit }))).parts) as [
        OwnedConnectionParts,
        OwnedConnectionParts,
      ];
      /** Milliseconds for N messages. */
      const costOf = async (parts: OwnedConnectionParts): Promise<number> => {
        const { connection, socket } = await authenticated(parts);
        if (parts === refuse) connection.onMessage(frame, true);
        const from = performance.now();
        for (let i = 0; i < N; i++) connection.onMessage(frame, true);
        const ms = performance.now() - from;
        expect(socket.ended).toBeUndefined();
        return ms;
      };
      // In turn, the best of many: what the machine does to one it does to the other.
      let [accepted, refused] = [Infinity, Infinity];
      for (let run = 0; run < 100; run++) {
        accepted = Math.min(accepted, await costOf(accept));
        refused = Math.min(refused, await costOf(refuse));
      }
      expect(refused / accepted, kind).toBeLessThan(0.8);
    }
  });

  it("closes the socket when it goes on far above its limit", async () => {
    const { parts } = behind();
    const { connection, socket } = await authenticated(parts);
    for (let i = 0; i < CONTROL_LIMITS.ping.burst + 200; i++) connection.onMessage(frameOf("ping"), true);
    expect(socket.ended).toBeUndefined();
    connection.onMessage(frameOf("ping"), true);
    expect(socket.ended).toBe(DISCONNECTS.tooManyMessages.code);
  });
});

describe("a player's budget", () => {
  it("stays the same over connections, and is forgotten when it says nothing any more", () => {
    const budgets = new ControlBudgets(new ControlRates({ enqueue: { perS: 2, burst: 3 } }));
    const enqueue = 3;
    const first = budgets.of("ann");
    expect([1, 2, 3, 4].map(() => first.take(enqueue, 1000))).toEqual([0, 0, 0, 500]);
    budgets.release(first);
    const second = budgets.of("ann");
    expect(second.take(enqueue, 1000)).toBe(500);
    expect([second.take(enqueue, 1500), second.take(enqueue, 1500)]).toEqual([0, 500]);
    expect(budgets.of("bob").take(enqueue, 1000)).toBe(0);
    budgets.release(second);
    budgets.sweep(1600);
    expect(budgets.size).toBe(2);
    budgets.sweep(10_000);
    expect(budgets.size).toBe(1);
  });
});

describe("the answer above a limit", () => {
  it.each([
    [0, 1],
    [1, 127],
    [128, 128],
    [0xffffffff, 0xffffffff],
  ])("is what the contract says: %i, %i", (requestId, retryAfterMs) => {
    const reply = decodeServerControl(rateLimitedReply(requestId, retryAfterMs));
    expect(encodeServerControl(reply)).toEqual(
      encodeServerControl({
        requestId,
        message: { case: "error", value: { code: "rate_limited", ...REALTIME_ERRORS.rate_limited, retryAfterMs } },
      }),
    );
  });
});

describe("the head of a control message", () => {
  it("is read without decoding it, whatever stands around it", () => {
    const frame = encodeClientControl({
      requestId: 4_000_000_000,
      traceparent: "x",
      message: MESSAGES.chatSend as never,
    });
    expect(controlHead(frame)).toEqual({ requestId: 4_000_000_000, number: 10 });
    // A field of a later version: number 30, fixed64.
    const later = Uint8Array.of(...frame, 0xf1, 0x01, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(controlHead(later)).toEqual({ requestId: 4_000_000_000, number: 10 });
  });

  it.each([
    ["another frame", [2, 1]],
    ["nothing", [1]],
    ["nothing", [1]],
    ["two messages", [1, 0x22, 0, 0x1a, 0]],
    ["a length beyond its end", [1, 0x1a, 200]],
    ["a number without an end", [1, 0x08, ...Array.from({ length: 11 }, () => 0xff)]],
    ["a type that there is not", [1, 0x0b]],
    ["more fields than anybody has", [1, 0x22, 0, ...Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 0x78 : 1))]],
  ])("is none for %s", (_, bytes) => {
    expect(controlHead(Uint8Array.from(bytes))).toBeUndefined();
  });

  it("has number 0 for a request of a later release, and its id", () => {
    expect(controlHead(Uint8Array.of(1, 0x08, 7, 0x7a, 1, 0))).toEqual({ requestId: 7, number: 0 });
    const budget = new ControlBudget(new ControlRates());
    const waits = Array.from({ length: 11 }, () => budget.take(0, 1));
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1000]);
  });
});

describe("the work on control messages", () => {
  function working(messageMs: number) {
    let now = 0;
    const turns: (() => void)[] = [];
    const done: number[] = [];
    const work = new ControlWork(
      { now: () => now, nextTurn: (then) => void turns.push(then) },
      { turnMs: 2, waitingMax: 10 },
    );
    const worker = {
      onControl(frame: Uint8Array): void {
        now += messageMs;
        done.push(frame[0] as number);
      },
    };
    const turn = (): void => {
      for (const then of turns.splice(0)) then();
    };
    return { work, worker, done, turn, turns };
  }

  it("ends for this turn when its time is over, goes on in order, and is refused when too many wait", () => {
    const { work, worker, done, turn, turns } = working(1);
    const frame = Uint8Array.of(0);
    const taken = Array.from({ length: 13 }, (_, i) => {
      frame[0] = i; // valid during the call only
      return work.take(worker, frame);
    });
    expect(taken.filter(Boolean)).toHaveLength(12);
    expect([done, work.waiting]).toEqual([[0, 1], 10]);
    turn();
    expect([done.length, work.waiting]).toEqual([4, 8]);
    frame[0] = 99;
    work.take(worker, frame);
    for (let i = 0; i < 5; i++) turn();
    expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99]);
    turn();
    expect(turns).toHaveLength(0); // nothing runs when there is nothing to do
  });
});
