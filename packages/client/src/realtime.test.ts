import { MatchJoinedSchema } from "@muster/contracts/realtime/v1/client";
import { create } from "@bufbuild/protobuf";
import { duel } from "@muster/game-duel";
import { decodeClientControl, DISCONNECTS, encodeServerControl, INPUT_FRAME } from "@muster/realtime";
import { describe, expect, it, vi } from "vitest";
import { Realtime } from "./realtime.ts";

type ToClient = Parameters<typeof encodeServerControl>[0];

/** A WebSocket whose server is this test: it welcomes everyone, gives every seat away, and closes when told to. */
class FakeWebSocket extends EventTarget {
  static readonly all: FakeWebSocket[] = [];
  /** Whether a seat is given at once. */
  static seats = true;
  /** Whether nobody is there, or nobody says so. */
  static down = false;
  static hangs = false;
  /** What becomes of an enqueue. */
  static queue: "waits" | "refuses" | "is silent" = "waits";
  readyState = 1;
  binaryType = "";
  inputs = 0;
  readonly asked: string[] = [];
  constructor() {
    super();
    FakeWebSocket.all.push(this);
    if (FakeWebSocket.hangs) return;
    queueMicrotask(() => (FakeWebSocket.down ? this.close(1006) : this.dispatchEvent(new Event("open"))));
  }
  send(frame: Uint8Array): void {
    if (frame[0] === INPUT_FRAME) return void this.inputs++;
    const { requestId, message } = decodeClientControl(frame);
    this.asked.push(message.case ?? "");
    queueMicrotask(() => {
      if (message.case === "hello") this.tell({ requestId, message: { case: "welcome", value: {} } });
      if (message.case === "joinMatch" && FakeWebSocket.seats) this.join(requestId);
      if (message.case === "enqueue") this.enqueue(requestId);
      const left = { ticketId: "t", reason: "cancelled" };
      if (message.case === "cancelQueue") this.tell({ requestId, message: { case: "queueLeft", value: left } });
    });
  }
  join(requestId: number): void {
    const value = create(MatchJoinedSchema, { matchId: "m", seats: 2, tickRate: 30 });
    this.tell({ requestId, message: { case: "matchJoined", value } });
  }
  enqueue(requestId: number): void {
    if (FakeWebSocket.queue === "waits")
      this.tell({ requestId, message: { case: "queued", value: { ticketId: "t", mode: "duel" } } });
    if (FakeWebSocket.queue === "refuses")
      this.tell({ requestId, message: { case: "error", value: { code: "queue_unavailable" } } });
  }
  tell(message: ToClient): void {
    const data = encodeServerControl(message).slice().buffer;
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
  close(code = 1000, reason = ""): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

function connect(options: { network?: EventTarget } = {}): {
  realtime: Realtime;
  asked: unknown[];
  sockets: FakeWebSocket[];
} {
  FakeWebSocket.all.length = 0;
  FakeWebSocket.seats = true;
  FakeWebSocket.queue = "waits";
  FakeWebSocket.down = FakeWebSocket.hangs = false;
  const asked: unknown[] = [];
  const token = async (not?: string): Promise<string> => (asked.push(not), "token");
  const realtime = new Realtime("ws://test", token, { ...options, webSocket: FakeWebSocket as never });
  return { realtime, asked, sockets: FakeWebSocket.all };
}

/** With a match, and told that its gateway stops. */
async function leaving(withinMs = 20) {
  const { realtime, sockets } = connect();
  const match = await realtime.join({ seatTicket: "t" }, duel);
  const closed: string[] = [];
  realtime.onClosed(({ code }) => closed.push(code));
  const [first] = sockets as [FakeWebSocket];
  first.tell({ message: { case: "goingAway", value: { reconnectWithinMs: withinMs } } });
  return { realtime, sockets, match, first, closed };
}

const input = { left: false, right: false, thrust: true, fire: false };

describe("a realtime connection", () => {
  it("comes back by itself, with a new token when the server says that the old one has ended", async () => {
    const { realtime, asked, sockets } = connect();
    await realtime.ready();
    sockets[0]?.close(1006);
    await realtime.ready();
    sockets[1]?.close(DISCONNECTS.tokenExpired.code);
    await realtime.ready();
    expect(asked).toEqual([undefined, undefined, "token"]);
    realtime.close();
  });

  it("says why nobody is paired in the queue, each reason once, and not of another ticket or an older connection", async () => {
    const { realtime, sockets } = connect();
    await realtime.ready();
    const told: unknown[] = [];
    const found = realtime.queue("duel", { onPaused: (reason) => told.push(reason) });
    const [first] = sockets as [FakeWebSocket];
    const status = (socket: FakeWebSocket, paused: string, ticketId = "t"): void =>
      socket.tell({ message: { case: "queueStatus", value: { ticketId, paused } } });
    await vi.waitFor(() => expect(first.asked).toContain("enqueue"));
    await Promise.resolve();
    status(first, "no_room");
    status(first, "no_room");
    status(first, "no_shard", "another");
    expect(told).toEqual(["no_room"]);
    first.close(1006);
    await vi.waitFor(() => expect(sockets[1]?.asked).toContain("enqueue"));
    await vi.waitFor(() => expect(told, "the other gateway says nothing of it").toEqual(["no_room", undefined]));
    status(sockets[1] as FakeWebSocket, "shards_busy");
    status(sockets[1] as FakeWebSocket, "");
    expect(told).toEqual(["no_room", undefined, "shards_busy", undefined]);
    realtime.close();
    await expect(found).rejects.toMatchObject({ code: "closed" });
  });

  it.each([DISCONNECTS.badToken.code, DISCONNECTS.replaced.code, 1000])(
    "stays away after a close that says so: %i",
    async (code) => {
      const { realtime, sockets } = connect();
      await realtime.ready();
      const closed = new Promise<number>((resolve) => realtime.onClosed((reason) => resolve(reason.status)));
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      sockets[0]?.close(code);
      expect(await closed).toBe(code);
      await vi.advanceTimersByTimeAsync(3_600_000);
      vi.useRealTimers();
      expect(sockets).toHaveLength(1);
    },
  );

  it("comes back at once when the browser says that the network is there again", async () => {
    const network = new EventTarget();
    const { realtime, sockets } = connect({ network });
    await realtime.ready();
    FakeWebSocket.down = true;
    sockets[0]?.close(1006);
    await vi.waitFor(() => expect(sockets.length).toBeGreaterThanOrEqual(5), 3000); // by now it waits for most of a second
    FakeWebSocket.down = false;
    const from = performance.now();
    network.dispatchEvent(new Event("online"));
    await realtime.ready();
    expect(performance.now() - from).toBeLessThan(300);
    realtime.close();
  });

  it("opens another line beside one that hangs, while it plays, and greets on one of them only", async () => {
    const { realtime, sockets } = connect();
    const match = await realtime.join({ seatTicket: "t" }, duel);
    FakeWebSocket.hangs = true;
    sockets[0]?.close(1006);
    await vi.waitFor(() => expect(sockets).toHaveLength(2));
    FakeWebSocket.hangs = false;
    await realtime.ready();
    sockets[1]?.dispatchEvent(new Event("open")); // the one that hung is there after all
    expect(sockets.slice(1).map(({ asked }) => asked[0])).toEqual([undefined, "hello"]);
    expect(sockets[1]?.readyState).toBe(3);
    match.send(input);
    expect(sockets[2]?.inputs).toBe(1);
    realtime.close();
  });

  it("a connection that is lost while queue() or join() wait for their answer is no answer: they are asked again", async () => {
    const { realtime, sockets } = connect();
    FakeWebSocket.queue = "is silent";
    const found = realtime.queue("duel");
    await vi.waitFor(() => expect(sockets[0]?.asked).toContain("enqueue"));
    sockets[0]?.close(1006);
    await vi.waitFor(() => expect(sockets[1]?.asked).toContain("enqueue"));
    sockets[1]?.close(1006); // and once more
    FakeWebSocket.queue = "waits";
    await vi.waitFor(() => expect(sockets[2]?.asked).toContain("enqueue"));
    sockets[2]?.tell({ message: { case: "matchFound", value: { matchId: "m", seatTicket: "t" } } });
    FakeWebSocket.seats = false;
    const match = realtime.join(await found, duel);
    await vi.waitFor(() => expect(sockets[2]?.asked).toContain("joinMatch"));
    FakeWebSocket.seats = true;
    sockets[2]?.close(1006);
    expect((await match).matchId).toBe("m");
    realtime.close();
  });

  it("who leaves the queue while the connection is away is out of it as soon as it is back", async () => {
    const { realtime, sockets } = connect();
    const leaving = new AbortController();
    const found = realtime.queue("duel", { signal: leaving.signal });
    await vi.waitFor(() => expect(sockets[0]?.asked).toContain("enqueue"));
    sockets[0]?.close(1006);
    leaving.abort();
    await expect(found).rejects.toMatchObject({ code: "cancelled" });
    expect(sockets[1]?.asked).toEqual(["hello", "enqueue", "cancelQueue"]); // its ticket was still in the queue
    await expect(realtime.queue("duel", { signal: leaving.signal })).rejects.toMatchObject({ code: "cancelled" });
    realtime.close();
  });

  it("whoever waits is told when the queue does not take it back after a lost connection, and may ask again", async () => {
    const { realtime, sockets } = connect();
    const found = realtime.queue("duel");
    found.catch(() => undefined); // looked at below
    await vi.waitFor(() => expect(sockets[0]?.asked).toContain("enqueue"));
    await realtime.ready();
    FakeWebSocket.queue = "refuses";
    sockets[0]?.close(1006);
    await expect(found).rejects.toMatchObject({ code: "queue_unavailable" });
    FakeWebSocket.queue = "waits";
    await realtime.ready();
    const again = realtime.queue("duel");
    await vi.waitFor(() => expect(sockets[1]?.asked.filter((kind) => kind === "enqueue")).toHaveLength(2));
    sockets[1]?.tell({ message: { case: "matchFound", value: { matchId: "m", seatTicket: "t" } } });
    expect((await again).matchId).toBe("m");
    realtime.close();
  });

  it("a seat that nobody can give back yet is asked for again: the match is on its way to another shard", async () => {
    const { realtime, sockets } = connect();
    const match = await realtime.join({ seatTicket: "t" }, duel);
    FakeWebSocket.seats = false;
    sockets[0]?.close(1006);
    const second = await joining(sockets, 1);
    second.tell({ requestId: 1, message: { case: "error", value: { code: "shard_unavailable" } } });
    await vi.waitFor(() => expect(second.asked.filter((kind) => kind === "joinMatch")).toHaveLength(2));
    second.join(2);
    await realtime.ready();
    match.send(input);
    expect(second.inputs).toBe(1);
    realtime.close();
  });

  it("says with a refused chat message when it would be accepted", async () => {
    const { realtime, sockets } = connect();
    await realtime.ready();
    const refused = realtime.sendChat("c", "hello").catch((err: unknown) => err);
    await vi.waitFor(() => expect(sockets[0]?.asked).toContain("chatSend"));
    const value = { code: "chat_rate_limited", message: "wait", retryAfterMs: 2000 };
    sockets[0]?.tell({ requestId: 1, message: { case: "error", value } });
    expect(await refused).toMatchObject({ code: "chat_rate_limited", details: { retryAfterMs: 2000 } });
    realtime.close();
  });

  it("tells how a match ended while the player was away, though its seat is refused", async () => {
    const { realtime, sockets } = connect();
    const match = await realtime.join({ seatTicket: "t" }, duel);
    FakeWebSocket.seats = false;
    sockets[0]?.close(1006);
    const second = await joining(sockets, 1);
    second.tell({ message: { case: "matchEnded", value: { matchId: "m", reason: "played" } } });
    second.tell({ requestId: 1, message: { case: "error", value: { code: "match_over" } } });
    expect(await match.ended).toMatchObject({ kind: "ended", reason: "played" });
    await realtime.ready();
    realtime.close();
  });

  it("queue() and join() end when the connection does not come back", async () => {
    const { realtime, sockets } = connect();
    FakeWebSocket.queue = "is silent";
    const found = realtime.queue("duel");
    await vi.waitFor(() => expect(sockets[0]?.asked).toContain("enqueue"));
    sockets[0]?.close(DISCONNECTS.replaced.code);
    await expect(found).rejects.toMatchObject({ code: "closed" });
  });

  it("gives up when there is no session to connect with", async () => {
    const { MusterError } = await import("./errors.ts");
    const realtime = new Realtime(
      "ws://test",
      () => Promise.reject(new MusterError("bad_refresh_token", "no", { status: 401 })),
      { webSocket: FakeWebSocket as never },
    );
    await expect(realtime.ready()).rejects.toMatchObject({ code: "bad_refresh_token" });
  });
});

describe("a gateway that stops", () => {
  it("has the inputs until the next one gives the seat, then those that are not applied go there, and it is closed", async () => {
    const { realtime, sockets, match, first, closed } = await leaving();
    FakeWebSocket.seats = false;
    const second = await joining(sockets, 1);
    match.send(input);
    expect([first.inputs, second.inputs, first.readyState]).toEqual([1, 0, 1]);
    second.join(1);
    expect([first.inputs, second.inputs, first.readyState]).toEqual([1, 1, 3]);
    match.send(input);
    expect([first.inputs, second.inputs]).toEqual([1, 2]);
    await realtime.ready();
    expect([closed, sockets.length]).toEqual([[], 2]);
    realtime.close();
  });

  it("closes the connection that lost the seat, and that is no reason to stop", async () => {
    const { realtime, sockets, match, first, closed } = await leaving();
    FakeWebSocket.seats = false;
    const second = await joining(sockets, 1);
    first.close(DISCONNECTS.replaced.code); // before the one that replaces it has heard so
    second.join(1);
    await realtime.ready();
    match.send(input);
    expect([closed, sockets.length, second.inputs]).toEqual([[], 2, 1]);
    realtime.close();
  });

  it("is stayed with while nobody else gives the seat", async () => {
    const { realtime, sockets, match, first } = await leaving();
    FakeWebSocket.seats = false;
    const second = await joining(sockets, 1);
    second.close(1006);
    match.send(input);
    expect(first.inputs).toBe(1);
    const third = await joining(sockets, 2);
    third.join(1);
    await realtime.ready();
    expect([first.readyState, third.inputs]).toEqual([3, 1]);
    realtime.close();
  });

  it("closes at last, and who has not moved comes back", async () => {
    const { realtime, sockets, first, closed } = await leaving(60_000);
    first.close(DISCONNECTS.goingAway.code);
    await joining(sockets, 1);
    await realtime.ready();
    expect(closed).toEqual([]);
    realtime.close();
  });

  it("is left at once by who does not play, when no question is open", async () => {
    const { realtime, sockets } = connect();
    await realtime.ready();
    const [first] = sockets as [FakeWebSocket];
    const ping = realtime.ping(); // the fake gateway does not answer pings by itself
    first.tell({ message: { case: "goingAway", value: { reconnectWithinMs: 1 } } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(first.readyState).toBe(1);
    first.tell({ requestId: 1, message: { case: "pong", value: {} } });
    await ping;
    await vi.waitFor(() => expect(first.readyState).toBe(3));
    await realtime.ready();
    expect(sockets).toHaveLength(2);
    realtime.close();
  });
});

/** The socket of that number, once it has asked for the seat. */
async function joining(sockets: readonly FakeWebSocket[], number: number): Promise<FakeWebSocket> {
  return await vi.waitFor(() => {
    const socket = sockets[number];
    if (!socket?.asked.includes("joinMatch")) throw new Error("not yet");
    return socket;
  });
}
