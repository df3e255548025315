import { duel } from "@muster/game-duel";
import { Simulation, SnapshotDecoder, SnapshotEncoder } from "@muster/game-kit";
import { LINK_TICK_HEADER_BYTES, PUBLIC_VIEW } from "@muster/realtime";
import { expect, it } from "vitest";
import { FollowedMatch } from "./followed-match.ts";
import { Outbound } from "./outbound.ts";
import type { Socket } from "./ws.ts";

const NOTHING = new Uint8Array(0);
const RECORD = Uint8Array.of(0);

/** A link frame of type tick, without its type: see STANDARD.md. */
function tickFrame(tick: number, delta: Uint8Array): Uint8Array {
  const frame = new Uint8Array(LINK_TICK_HEADER_BYTES + RECORD.length + delta.length);
  const view = new DataView(frame.buffer);
  view.setUint32(4, tick, true);
  view.setUint16(10, RECORD.length, true);
  frame.set(RECORD, LINK_TICK_HEADER_BYTES);
  frame.set(delta, LINK_TICK_HEADER_BYTES + RECORD.length);
  return frame;
}

it("shows its players a keyframe behind ticks that were not shown, and the deltas that follow it", () => {
  const match = new FollowedMatch("m", 1, {
    sent: () => undefined,
    skipped: () => undefined,
    caughtUp: () => undefined,
  });
  const received: Uint8Array[] = [];
  const socket: Socket = {
    send: (bytes) => (received.push(bytes.slice()), "sent"),
    ping: () => "sent" as const,
    prefetch: () => 0,
    bufferedBytes: () => 0,
    end: () => undefined,
    terminate: () => undefined,
  };
  match.fanout(PUBLIC_VIEW).add(new Outbound(socket));
  const simulation = new Simulation(duel, { seed: 5, seats: 2, options: {} });
  const encoder = new SnapshotEncoder(simulation.layout, 2);
  const decoder = new SnapshotDecoder(duel);
  const acks = new Uint32Array(2);
  const shown: number[] = [];
  match.onKeyframe(PUBLIC_VIEW, encoder.keyframe(0, simulation.words, acks));
  for (let tick = 1; tick <= 8; tick++) {
    simulation.step();
    const delta = encoder.delta(tick, simulation.words, acks);
    const isShown = tick < 3 || tick > 6;
    const frame = tickFrame(tick, isShown ? delta : NOTHING);
    match.onTick(frame, 0, frame.length);
    if (tick === 6) match.onKeyframe(PUBLIC_VIEW, encoder.keyframe(tick, simulation.words, acks));
    for (const bytes of received.splice(0)) expect(decoder.apply(bytes)).toBeDefined();
    if (decoder.tick === tick) shown.push(tick);
  }
  expect(shown).toEqual([1, 2, 6, 7, 8]);
  expect(decoder.hash()).toBe(simulation.hash());
  expect(match.ticks).toBe(8);
});
