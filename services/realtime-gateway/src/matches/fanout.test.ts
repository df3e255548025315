import { duel, duelBot } from "@muster/game-duel";
import { Simulation, SnapshotDecoder, SnapshotEncoder } from "@muster/game-kit";
import { describe, expect, it } from "vitest";
import { Fanout } from "./fanout.ts";
import { Outbound } from "../connection/outbound.ts";
import type { SendOutcome, Socket } from "../connection/ws.ts";

/** A socket whose peer reads when told to; like uWebSockets it takes at most `limit` bytes more. */
class FakeSocket implements Socket {
  readonly received: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];
  reading = true;
  readonly limit: number;
  constructor(limit: number) {
    this.limit = limit;
  }
  send(bytes: Uint8Array): SendOutcome {
    if (this.bufferedBytes() + bytes.length > this.limit) return "dropped";
    if (this.reading) this.received.push(bytes.slice());
    else this.#waiting.push(bytes.slice());
    return this.reading ? "sent" : "queued";
  }
  ping(): "sent" {
    return "sent";
  }
  bufferedBytes(): number {
    return this.#waiting.reduce((sum, bytes) => sum + bytes.length, 0);
  }
  drain(): void {
    this.reading = true;
    this.received.push(...this.#waiting);
    this.#waiting = [];
  }
  end(): void {}
  terminate(): void {}
}

const metrics = { sent: () => undefined, skipped: () => undefined, caughtUp: () => undefined };

function follower(limit = 200): {
  follower: Outbound;
  socket: FakeSocket;
  outbound: Outbound;
  decoder: SnapshotDecoder<typeof duel.state>;
  hash(): string;
} {
  const socket = new FakeSocket(limit);
  const outbound = new Outbound(socket);
  const decoder = new SnapshotDecoder(duel);
  let read = 0;
  const hash = (): string => {
    for (; read < socket.received.length; read++) decoder.apply(socket.received[read] as Uint8Array);
    return decoder.hash();
  };
  return { follower: outbound, socket, outbound, decoder, hash };
}

describe("the fan-out", () => {
  it("never lets a slow reader diverge or fill the memory: it skips, then catches up by keyframe; a fast one misses nothing", () => {
    const fanout = new Fanout(metrics);
    const [fast, slow] = [follower(), follower()];
    const simulation = new Simulation(duel, { seed: 5, seats: 2, options: {} });
    const encoder = new SnapshotEncoder(simulation.layout, 2);
    const acks = new Uint32Array(2);
    fanout.add(fast.follower);
    fanout.add(slow.follower);
    fanout.onKeyframe(encoder.keyframe(0, simulation.words, acks));
    for (let tick = 1; tick <= 900; tick++) {
      simulation.setInput(0, simulation.input.encode(duelBot(simulation.state, 0)));
      simulation.step();
      fanout.onDelta(encoder.delta(tick, simulation.words, acks));
      if (tick % 60 === 0) fanout.onKeyframe(encoder.keyframe(tick, simulation.words, acks));
      if (tick % 200 === 50) slow.socket.reading = false;
      if (tick % 200 === 170) {
        slow.socket.drain();
        slow.outbound.onDrain();
        fanout.catchUp(slow.follower);
        expect(slow.hash()).toBe(simulation.hash());
      }
      expect(slow.socket.bufferedBytes()).toBeLessThanOrEqual(slow.socket.limit);
      expect(fast.hash()).toBe(simulation.hash());
    }
    expect(fast.socket.received).toHaveLength(901);
    expect(slow.socket.received.length).toBeLessThan(901);
  });

  it("brings a late joiner up to date at once, from the cache", () => {
    const fanout = new Fanout(metrics);
    const [first, late] = [follower(), follower()];
    const simulation = new Simulation(duel, { seed: 5, seats: 2, options: {} });
    const encoder = new SnapshotEncoder(simulation.layout, 2);
    const acks = new Uint32Array(2);
    fanout.add(first.follower);
    fanout.onKeyframe(encoder.keyframe(0, simulation.words, acks));
    for (let tick = 1; tick <= 7; tick++) {
      simulation.step();
      fanout.onDelta(encoder.delta(tick, simulation.words, acks));
    }
    fanout.add(late.follower);
    fanout.catchUp(late.follower);
    expect(late.hash()).toBe(simulation.hash());
  });

  it("goes on with those who are in step when the log is full, and brings the others back with the next keyframe", () => {
    const fanout = new Fanout(metrics);
    const [first, late] = [follower(1e9), follower(1e9)];
    fanout.add(first.follower);
    fanout.onKeyframe(Uint8Array.of(3));
    for (let i = 0; i < 3000; i++) fanout.onDelta(new Uint8Array(100));
    expect(first.socket.received).toHaveLength(3001);
    fanout.add(late.follower);
    fanout.catchUp(late.follower);
    expect(late.socket.received).toEqual([]);
    fanout.onKeyframe(Uint8Array.of(3));
    fanout.onDelta(Uint8Array.of(4));
    expect(late.socket.received).toEqual([Uint8Array.of(3), Uint8Array.of(4)]);
    expect(first.socket.received).toHaveLength(3002);
  });

  it("sends no delta before there is a keyframe, and drops its log rather than let it grow for ever", () => {
    const fanout = new Fanout(metrics);
    const one = follower();
    fanout.add(one.follower);
    fanout.onDelta(Uint8Array.of(4, 1));
    expect(one.socket.received).toEqual([]);
    fanout.onKeyframe(Uint8Array.of(3));
    for (let i = 0; i < 3000; i++) fanout.onDelta(new Uint8Array(100));
    const late = follower();
    fanout.add(late.follower);
    fanout.catchUp(late.follower);
    expect(late.socket.received).toEqual([]); // waits for the next keyframe
  });
});
