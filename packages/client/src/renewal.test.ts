import { decodeClientControl, DISCONNECTS, encodeServerControl } from "@muster/realtime";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Realtime } from "./realtime.ts";

/** A gateway that takes every token for as long as it lasts by the gateway's clock, and not a moment longer. */
class Gateway extends EventTarget {
  static hellos: string[] = [];
  /** By token: milliseconds from now on, when it is first shown. */
  static readonly endsAt = new Map<string, number>();
  static lifeMs = 0;
  static says = true;
  readyState = 1;
  binaryType = "";
  #end: ReturnType<typeof setTimeout> | undefined;
  constructor() {
    super();
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }
  send(frame: Uint8Array): void {
    const { requestId, message } = decodeClientControl(frame);
    if (message.case !== "hello") return;
    const token = message.value.accessToken;
    Gateway.hellos.push(token);
    const endsAt = Gateway.endsAt.get(token) ?? performance.now() + Gateway.lifeMs;
    Gateway.endsAt.set(token, endsAt);
    const leftMs = endsAt - performance.now();
    clearTimeout(this.#end);
    this.#end = setTimeout(() => this.close(DISCONNECTS.tokenExpired.code), leftMs);
    const value = { tokenEndsInMs: Gateway.says ? leftMs : 0 };
    queueMicrotask(() => {
      const data = encodeServerControl({ requestId, message: { case: "welcome", value } }).slice().buffer;
      this.dispatchEvent(Object.assign(new Event("message"), { data }));
    });
  }
  close(code = 1000): void {
    clearTimeout(this.#end);
    if (this.readyState === 3) return;
    this.readyState = 3;
    closes.push(code);
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "" }));
  }
}

const closes: number[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  Gateway.hellos = [];
  Gateway.endsAt.clear();
  Gateway.says = true;
  closes.length = 0;
});
afterEach(() => vi.useRealTimers());

const connect = async (token: (not?: string) => Promise<string>): Promise<Realtime> => {
  const realtime = new Realtime("ws://test", token, { webSocket: Gateway as never });
  await realtime.ready();
  return realtime;
};
let made = 0;
/** As the SDK's: the same one until it is wanted no more. */
function tokens(): { source: (not?: string) => Promise<string>; asked: () => number } {
  let current = `token-${++made}`;
  let asked = 0;
  const source = async (not?: string): Promise<string> => {
    asked++;
    if (not === current) current = `token-${++made}`;
    return current;
  };
  return { source, asked: () => asked };
}

it.each([50_000, 5000, 100_000, 600_000])(
  "a connection outlives its token, by whatever is left of it: %i ms",
  async (lifeMs) => {
    Gateway.lifeMs = lifeMs;
    const { source } = tokens();
    const realtime = await connect(source);
    await vi.advanceTimersByTimeAsync(10 * lifeMs);
    expect(closes).toEqual([]);
    expect(new Set(Gateway.hellos).size).toBe(Gateway.hellos.length); // a new token each time
    expect(Gateway.hellos.length).toBeLessThan(24);
    realtime.close();
  },
);

it("a token that somebody else has renewed meanwhile is taken, and none exchanged for it", async () => {
  Gateway.lifeMs = 600_000;
  let current = "one";
  const wanted: (string | undefined)[] = [];
  const realtime = await connect(async (not) => (wanted.push(not), current));
  current = "two"; // a REST call was refused, or another tab renewed
  await vi.advanceTimersByTimeAsync(600_000);
  expect([Gateway.hellos, wanted.slice(0, 2), closes]).toEqual([["one", "two"], [undefined, "one"], []]);
  realtime.close();
});

it("a renewal that fails is tried again while the connection lives", async () => {
  Gateway.lifeMs = 50_000;
  const { source } = tokens();
  let fails = 3;
  const realtime = await connect((not) => (not && fails-- > 0 ? Promise.reject(new Error("away")) : source(not)));
  await vi.advanceTimersByTimeAsync(300_000);
  expect(closes).toEqual([]);
  realtime.close();
});

it("a gateway of before, which does not say how long, is renewed with in time", async () => {
  Gateway.lifeMs = 600_000;
  Gateway.says = false;
  const { source } = tokens();
  const realtime = await connect(source);
  await vi.advanceTimersByTimeAsync(6_000_000);
  expect(closes).toEqual([]);
  realtime.close();
});

it("nothing is renewed on a connection that was closed", async () => {
  Gateway.lifeMs = 50_000;
  const { source, asked } = tokens();
  (await connect(source)).close();
  await vi.advanceTimersByTimeAsync(300_000);
  expect(asked()).toBe(1);
});
