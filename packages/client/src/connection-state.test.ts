import { decodeClientControl, DISCONNECTS, encodeServerControl } from "@muster/realtime";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MusterClient } from "./client.ts";
import { type ConnectionState, ConnectionStates } from "./connection-state.ts";
import { MusterError } from "./errors.ts";
import { Realtime } from "./realtime.ts";

/** A gateway that welcomes everybody, unless nobody is there. */
class FakeGateway extends EventTarget {
  static all: FakeGateway[] = [];
  static down = false;
  readyState = 1;
  binaryType = "";
  readonly hellos: string[] = [];
  constructor() {
    super();
    FakeGateway.all.push(this);
    queueMicrotask(() => (FakeGateway.down ? this.close(1006) : this.dispatchEvent(new Event("open"))));
  }
  send(frame: Uint8Array): void {
    const { requestId, message } = decodeClientControl(frame);
    if (message.case !== "hello") return;
    this.hellos.push(message.value.accessToken);
    queueMicrotask(() => this.tell({ requestId, message: { case: "welcome", value: {} } }));
  }
  tell(message: Parameters<typeof encodeServerControl>[0]): void {
    const data = encodeServerControl(message).slice().buffer;
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }
  close(code = 1000): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }));
  }
}

beforeEach(() => {
  FakeGateway.all = [];
  FakeGateway.down = false;
});
afterEach(() => vi.unstubAllGlobals());

async function connected(reconnectWithinMs = 30_000): Promise<{ realtime: Realtime; told: string[] }> {
  const options = { reconnectWithinMs, webSocket: FakeGateway as never };
  const realtime = new Realtime("ws://test", async () => "token", options);
  const told: string[] = [];
  await realtime.ready();
  realtime.onConnection((state) => told.push(shown(state)));
  return { realtime, told };
}
const shown = ({ state, reason }: ConnectionState): string =>
  reason ? `${state}: ${reason.code} ${reason.status}` : state;

it("tells how the connection is, that it is lost and why, and that it is back", async () => {
  const { realtime, told } = await connected();
  expect(told).toEqual(["connected"]);
  FakeGateway.all[0]?.close(1006);
  expect(told).toEqual(["connected", "reconnecting: closed 1006"]);
  await realtime.ready();
  expect(told).toEqual(["connected", "reconnecting: closed 1006", "connected"]);
  realtime.close();
  expect(told.at(-1)).toBe("closed: closed 0");
  expect(told).toHaveLength(4);
});

it("tells once of one reason, however many attempts fail", async () => {
  const { realtime, told } = await connected();
  FakeGateway.down = true;
  FakeGateway.all[0]?.close(1006);
  await vi.waitFor(() => expect(FakeGateway.all.length).toBeGreaterThanOrEqual(3), 5000);
  FakeGateway.down = false;
  await realtime.ready();
  expect(told).toEqual(["connected", "reconnecting: closed 1006", "connected"]);
  realtime.close();
});

it("tells that it is closed, and nothing after it, when the server says so or it does not come back in time", async () => {
  const { told } = await connected();
  FakeGateway.all[0]?.close(DISCONNECTS.replaced.code);
  expect(told).toEqual(["connected", `closed: closed ${DISCONNECTS.replaced.code}`]);
  const late = await connected(0);
  FakeGateway.down = true;
  FakeGateway.all.at(-1)?.close(1006);
  await expect(late.realtime.ready()).rejects.toMatchObject({ code: "closed" });
  expect(late.told).toEqual(["connected", "reconnecting: closed 1006", "closed: closed 1006"]);
  late.realtime.close();
  expect(late.told).toHaveLength(3);
  const afterwards: string[] = [];
  late.realtime.onConnection((state) => afterwards.push(shown(state)));
  expect(afterwards).toEqual(["closed: closed 1006"]);
});

it("tells of a gateway that stops as of a reconnect, while there is no match", async () => {
  const { realtime, told } = await connected();
  FakeGateway.all[0]?.tell({ message: { case: "goingAway", value: { reconnectWithinMs: 1 } } });
  await vi.waitFor(() => expect(told).toEqual(["connected", "reconnecting: closed 0", "connected"]), 5000);
  realtime.close();
});

it("tells a listener nothing more that has been taken away", async () => {
  const { realtime } = await connected();
  const told: string[] = [];
  const stop = realtime.onConnection((state) => told.push(shown(state)));
  stop();
  realtime.close();
  expect(told).toEqual(["connected"]);
});

it("a listener that fails keeps no other from being told, nor the connection from coming back", () => {
  vi.useFakeTimers();
  const states = new ConnectionStates();
  const told: string[] = [];
  states.listen(() => {
    throw new Error("the app's own");
  });
  states.listen((state) => told.push(shown(state)));
  states.tell({ state: "connected" });
  states.tell({ state: "reconnecting", reason: new MusterError("network", "gone") });
  expect(told).toEqual(["connected", "reconnecting: network 0"]);
  expect(() => vi.runAllTimers()).toThrow("the app's own");
  vi.useRealTimers();
});

it("a client that is closed closes its connections; an upgrade is shown to their gateways", async () => {
  const tokens = {
    accessToken: "a guest's",
    accessExpiresAt: "2999-01-01T00:00:00.000Z",
    refreshToken: "refresh",
    refreshExpiresAt: "2999-01-01T00:00:00.000Z",
  };
  const player = {
    playerId: "p",
    name: "Ann",
    kind: "registered",
    role: "player",
    createdAt: "2026-01-01T00:00:00.000Z",
  };
  vi.stubGlobal("fetch", async (url: string) =>
    Response.json(url.endsWith("/v1/auth/refresh") ? { ...tokens, accessToken: "Ann's" } : player),
  );
  const client = new MusterClient({ url: "http://test", tokens });
  const realtime = await client.connect({ webSocket: FakeGateway as never });
  const told: string[] = [];
  realtime.onConnection((state) => told.push(shown(state)));
  await client.upgradeGuest({ name: "Ann", password: "correct horse battery" });
  await vi.waitFor(() => expect(FakeGateway.all[0]?.hellos).toEqual(["a guest's", "Ann's"]));
  client.close();
  expect(told).toEqual(["connected", "closed: closed 0"]);
  expect(FakeGateway.all.map(({ readyState }) => readyState)).toEqual([3]);
});
