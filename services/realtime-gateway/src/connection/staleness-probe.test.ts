import { describe, expect, it } from "vitest";
import { StalenessProbe } from "./staleness-probe.ts";
import { Outbound } from "./outbound.ts";
import { socketEnd } from "./socket-ends.ts";
import type { SendOutcome, Socket } from "./ws.ts";

function line(staleMs = 1000) {
  const pings: Uint8Array[] = [];
  const said = { roundTrips: [] as number[], stale: 0 };
  const state: { outcome: SendOutcome; buffered: number } = { outcome: "sent", buffered: 0 };
  const socket: Socket = {
    send: () => "sent",
    ping: (payload) => (state.outcome !== "dropped" && pings.push(payload.slice()), state.outcome),
    bufferedBytes: () => state.buffered,
    end: () => undefined,
    terminate: () => undefined,
  };
  const outbound = new Outbound(socket);
  outbound.inSync = true;
  let nonce = 41;
  const probe = new StalenessProbe(outbound, {
    staleMs,
    nonce: () => ++nonce,
    onRoundTrip: (ms) => void said.roundTrips.push(ms),
    onStale: () => void said.stale++,
  });
  return { probe, outbound, pings, said, state };
}

describe("the probe of a line", () => {
  it("asks now and then, and lets everything be while answers come in time", () => {
    const { probe, outbound, pings, said } = line();
    for (let now = 2000; now < 12_000; now += 500) {
      probe.sweep(now);
      const ping = pings.at(-1);
      if (ping) probe.onPong(ping, now + 80);
    }
    expect(pings).toHaveLength(4);
    expect([outbound.stale, outbound.inSync, outbound.ready, said.stale]).toEqual([false, true, true, 0]);
    expect(said.roundTrips).toEqual([80, 80, 80, 80]);
  });

  it("shows nothing to who has not read for too long, counts from when it was asked, and goes on with the answer", () => {
    const { probe, outbound, pings, said, state } = line();
    probe.sweep(2000);
    probe.sweep(2900);
    expect(outbound.stale).toBe(false);
    probe.sweep(3000);
    expect([outbound.stale, outbound.ready, outbound.inSync, outbound.behindMs(9000)]).toEqual([
      true,
      false,
      false,
      7000,
    ]);
    expect(outbound.snapshot(Uint8Array.of(1))).toBe(false);
    // Room in the socket says nothing.
    outbound.onDrain();
    expect(outbound.ready).toBe(false);
    // Nor does what is no answer: another's, or an older one.
    expect(probe.onPong(Uint8Array.of(0, 0, 0, 1), 9000)).toBe(false);
    expect(probe.onPong(new Uint8Array(0), 9000)).toBe(false);
    expect(outbound.stale).toBe(true);
    state.buffered = 10;
    expect(probe.onPong(pings[0] as Uint8Array, 9000)).toBe(true);
    expect([outbound.stale, outbound.ready]).toEqual([false, false]);
    state.buffered = 0;
    outbound.onDrain();
    expect([outbound.ready, said.stale, said.roundTrips]).toEqual([true, 1, [7000]]);
    expect(probe.onPong(pings[0] as Uint8Array, 9000)).toBe(false);
  });

  it("asks who was stale at every sweep until it has answered in time for a while", () => {
    const { probe, pings } = line();
    probe.sweep(2000);
    probe.sweep(3000);
    probe.onPong(pings[0] as Uint8Array, 4000);
    let now = 4000;
    for (let i = 1; i <= 4; i++, now += 500) {
      probe.sweep(now);
      expect(pings).toHaveLength(1 + i);
      probe.onPong(pings[i] as Uint8Array, now + 10);
    }
    probe.sweep(now);
    expect(pings).toHaveLength(5);
  });

  it("does not wait for an answer to what was not sent", () => {
    const { probe, outbound, pings, state } = line();
    state.outcome = "dropped";
    probe.sweep(2000);
    state.outcome = "sent";
    probe.sweep(3500);
    expect([pings.length, outbound.stale]).toEqual([1, false]);
  });
});

describe("the end of a socket", () => {
  it.each([
    [1000, "", "client"],
    [1005, "", "client"],
    [4000, "bye", "client"],
    [1006, "Received TCP FIN before WebSocket close frame", "cut"],
    [1006, "", "reset"],
    [1006, "WebSocket timed out from inactivity", "silent"],
    [1006, "Received too big message", "tooBig"],
    [1006, "Received invalid WebSocket frame", "notWebSocket"],
    [1006, "Received invalid UTF-8", "notWebSocket"],
  ])("%i %j is %s", (code, words, how) => {
    expect(socketEnd(code, words)).toBe(how);
  });
});
