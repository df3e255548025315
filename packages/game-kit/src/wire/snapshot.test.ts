import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedBitsError } from "./bits.ts";
import type { Game } from "../game.ts";
import { flag, int, list, uint } from "../schema/schema.ts";
import { Simulation } from "../engine/simulation.ts";
import { SnapshotDecoder, SnapshotEncoder } from "./snapshot.ts";

const state = {
  clock: uint(16, { countsDown: true }),
  wide: uint(32),
  things: list(3, { live: flag(), v: int(9), x: uint(16, { movesBy: "v" }), y: int(12), z: int(32) }),
};
const input = { go: flag() };
/** A game that does nothing: the tests write its state. */
const still: Game<typeof state, typeof input> = {
  id: "still",
  buildId: "still-1",
  tickRate: 30,
  seatsMin: 1,
  seatsMax: 4,
  state,
  input,
  inputMode: "held",
  options: {},
  init() {},
  step() {},
  result: () => undefined,
  forfeit: () => ({ seats: [] }),
};

function pair(): {
  simulation: Simulation<typeof state, typeof input>;
  encoder: SnapshotEncoder;
  decoder: SnapshotDecoder<typeof state>;
  acks: Uint32Array;
} {
  const simulation = new Simulation(still, { seed: 1, seats: 2, options: {} });
  const encoder = new SnapshotEncoder(simulation.layout, 2);
  const acks = new Uint32Array(2);
  encoder.rebase(simulation.words, acks);
  return { simulation, encoder, decoder: new SnapshotDecoder(still), acks };
}

const thing = fc.record({
  live: fc.boolean(),
  v: fc.integer({ min: -256, max: 255 }),
  x: fc.integer({ min: 0, max: 65_535 }),
  y: fc.integer({ min: -2048, max: 2047 }),
  z: fc.integer(),
});
const change = fc.record({
  clock: fc.integer({ min: 0, max: 65_535 }),
  wide: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  index: fc.integer({ min: 0, max: 2 }),
  thing,
  ack: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  small: fc.boolean(),
});

describe("snapshots", () => {
  it("bring the receiver to the sender's state hash, whatever changes from tick to tick", () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 40 }), (changes) => {
        const { simulation, encoder, decoder, acks } = pair();
        decoder.apply(encoder.keyframe(0, simulation.words, acks));
        for (const { clock, wide, index, thing: values, ack, small } of changes) {
          if (!small) Object.assign(simulation.state, { clock, wide });
          Object.assign(simulation.state.things[index] as object, values);
          acks[0] = ack;
          acks[1] = (acks[1] as number) + 1;
          simulation.step();
          const snapshot = decoder.apply(encoder.delta(simulation.tick, simulation.words, acks));
          expect(decoder.hash()).toBe(simulation.hash());
          expect(snapshot?.acks).toEqual(acks);
        }
      }),
    );
  });

  it("cost next to nothing while all goes as expected", () => {
    const { simulation, encoder, decoder, acks } = pair();
    Object.assign(simulation.state, { clock: 500 });
    Object.assign(simulation.state.things[0] as object, { v: 7, x: 65_530 });
    decoder.apply(encoder.keyframe(0, simulation.words, acks));
    encoder.rebase(simulation.words, acks);
    for (let i = 0; i < 5; i++) {
      const [moving] = simulation.state.things;
      if (moving) moving.x = (moving.x + moving.v) & 0xffff;
      simulation.state.clock--;
      simulation.step();
      const frame = encoder.delta(simulation.tick, simulation.words, acks);
      expect(frame.length).toBe(4); // type, tick, 2 acks, 5 groups: 25 bits
      decoder.apply(frame);
    }
    expect(decoder.hash()).toBe(simulation.hash());
  });

  it("does not apply a delta that does not follow, and recovers with a keyframe", () => {
    const { simulation, encoder, decoder, acks } = pair();
    decoder.apply(encoder.keyframe(0, simulation.words, acks));
    simulation.step();
    encoder.delta(1, simulation.words, acks); // lost
    simulation.state.wide = 7;
    simulation.step();
    const before = decoder.hash();
    expect(decoder.apply(encoder.delta(2, simulation.words, acks))).toBeUndefined();
    expect(decoder.hash()).toBe(before);
    decoder.apply(encoder.keyframe(2, simulation.words, acks));
    expect(decoder.hash()).toBe(simulation.hash());
  });

  it("refuses bytes that are no frame", () => {
    const { simulation, encoder, decoder, acks } = pair();
    const keyframe = encoder.keyframe(0, simulation.words, acks).slice();
    expect(() => decoder.apply(keyframe.subarray(0, keyframe.length - 1))).toThrow(MalformedBitsError);
    expect(() => decoder.apply(Uint8Array.of(...keyframe, 0))).toThrow(MalformedBitsError);
    expect(() => decoder.apply(Uint8Array.of(9))).toThrow(MalformedBitsError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          new SnapshotDecoder(still).apply(bytes);
        } catch (err) {
          expect(err).toBeInstanceOf(MalformedBitsError);
        }
      }),
    );
  });

  it("refuses to encode a value that its field cannot hold, rather than to diverge", () => {
    const { simulation, encoder, acks } = pair();
    const [first] = simulation.state.things;
    if (first) first.y = 5000;
    expect(() => encoder.delta(1, simulation.words, acks)).toThrow(/things\[0\]\.y = 5000 does not fit 12 bits/);
  });
});
