// The test vectors of contracts/realtime/golden/vectors.json, made by the kit: what every feature of the format looks like.
import { flag, int, list, uint } from "../src/schema/schema.ts";
import { mixture, randomGame } from "./random-vectors.ts";
import { vector, type Vector } from "./vector.ts";

export function makeVectors(): Vector[] {
  return [
    vector({
      name: "flags",
      shows:
        "a field of one bit has no value in a delta, whether it is a flag or a number; a group of fields as expected is one bit",
      state: { on: flag(), off: flag(), one: uint(1) },
      play: (sender) =>
        sender
          .set({ on: true })
          .keyframe()
          .delta({ on: false, one: 1 })
          .delta()
          .delta({ on: true, off: true })
          .delta({ one: 0 }),
    }),
    vector({
      name: "narrow",
      shows: "fields of fewer than 10 bits are sent whole; signed ones are extended by their sign in a hash's words",
      state: { a: uint(2), b: int(2), c: int(5), d: uint(8), e: uint(9), f: int(9) },
      play: (sender) =>
        sender
          .set({ a: 3, b: -2, c: -16, d: 255, e: 256, f: -256 })
          .keyframe()
          .delta({ b: 1, f: 255 })
          .delta({ a: 0, c: 15, d: 1, e: 511 })
          .delta({ f: -1 }),
    }),
    vector({
      name: "wide",
      shows:
        "fields of 10 bits and more: differences from -32 to 31 in 6 bits, also around the end of the range; others whole",
      state: {
        u10: uint(10),
        i10: int(10),
        u16: uint(16),
        i16: int(16),
        u31: uint(31),
        i31: int(31),
        u32: uint(32),
        i32: int(32),
      },
      play: (sender) =>
        sender
          .set({ u10: 1000, i10: -500, u16: 0, i16: -32_768, u31: 5, i31: -5, u32: 4_000_000_000, i32: -2_147_483_648 })
          .keyframe()
          .delta({
            u10: 1023,
            i10: -512,
            u16: 31,
            i16: -32_737,
            u31: 36,
            i31: 26,
            u32: 4_000_000_031,
            i32: -2_147_483_617,
          })
          .delta({ u10: 1, i10: 511, u16: 65_535, i16: 32_767, u32: 3_999_999_999, i32: 2_147_483_647 })
          .delta({ u10: 33, i10: 479, u16: 31, i16: -32_737, u31: 2_147_483_647, i31: -1_073_741_824, u32: 0, i32: 0 })
          .delta({ u10: 64, i10: 446, u31: 0, i31: 1_073_741_823, u32: 4_294_967_295, i32: -1 }),
    }),
    vector({
      name: "moves-by",
      shows:
        "movesBy: the old value plus the new value of another field before it, wrapped into the width of the one that moves",
      state: {
        v: int(8),
        x: uint(16, { movesBy: "v" }),
        y: int(10, { movesBy: "x" }),
        fast: uint(32),
        z: uint(9, { movesBy: "fast" }),
        step: flag(),
        n: uint(4, { movesBy: "step" }),
      },
      play: (sender) =>
        sender
          .set({ v: -3, x: 1, y: 500, fast: 4_294_967_290, z: 3, step: true, n: 14 })
          .keyframe()
          .delta({ x: 65_534, y: 498, z: 509, n: 15 }) // as expected, around every end
          .delta({ v: 100, x: 98, y: -428, z: 503, n: 0 }) // by the new v
          .delta({ v: -100, x: 5, y: -423, z: 497, step: false, n: 7 }) // the rest as expected, x by 7 off, n whole
          .delta({ x: 2000, y: 511, fast: 2, z: 499 }),
    }),
    vector({
      name: "counts-down",
      shows: "countsDown: one less until 0, where it stays; a signed field below 0 goes on falling",
      state: { a: uint(4, { countsDown: true }), b: uint(16, { countsDown: true }), c: int(6, { countsDown: true }) },
      play: (sender) =>
        sender
          .set({ a: 2, b: 300, c: -2 })
          .keyframe()
          .delta({ a: 1, b: 299, c: -3 })
          .delta({ a: 0, b: 298, c: -4 })
          .delta({ a: 0, b: 297, c: -5 })
          .delta({ a: 15, b: 300, c: 0 })
          .delta({ a: 14, b: 0, c: 0 }),
    }),
    vector({
      name: "lists",
      shows:
        "scalars first, wherever they are declared, then the lists, element by element; nested lists; an element without scalars is no group of its own",
      state: {
        first: list(2, { inner: list(2, { n: uint(5), deep: list(1, { on: flag() }), m: int(12) }), s: uint(3) }),
        last: uint(7),
        only: list(2, { cells: list(2, { c: uint(2) }) }),
      },
      play: (sender) =>
        sender
          .set({
            last: 100,
            first: [
              {
                s: 1,
                inner: [
                  { n: 1, m: -1, deep: [{ on: true }] },
                  { n: 2, m: -2 },
                ],
              },
              {
                s: 2,
                inner: [
                  { n: 3, m: -3 },
                  { n: 4, m: -4, deep: [{ on: true }] },
                ],
              },
            ],
            only: [{ cells: [{ c: 1 }, { c: 2 }] }, { cells: [{ c: 3 }, { c: 0 }] }],
          })
          .keyframe()
          .delta({ first: [{}, { inner: [{ m: 1000 }, { deep: [{ on: false }] }] }] })
          .delta({ last: 99, only: [{}, { cells: [{}, { c: 3 }] }] })
          .delta({ first: [{ s: 7 }], only: [{ cells: [{ c: 0 }] }] }),
    }),
    vector({
      name: "random-generator",
      shows:
        "the kit's own list, kit, with its one field, rng: behind the top level's scalars, before the game's lists",
      state: { top: uint(8), list: list(1, { a: uint(8) }) },
      play: (sender) =>
        sender
          .set({ top: 1, list: [{ a: 2 }], kit: [{ rng: 0x80000001 }] })
          .keyframe()
          .delta({ kit: [{ rng: 0x80000011 }] })
          .delta({ top: 3, kit: [{ rng: 0x7fffffff }], list: [{ a: 4 }] })
          .delta({ list: [{ a: 5 }] }),
    }),
    vector({
      name: "no-scalars-on-top",
      shows: "a top level without scalars is no group: the random generator is the first one",
      state: { list: list(2, { a: uint(10) }) },
      play: (sender) =>
        sender
          .set({ list: [{ a: 1 }, { a: 2 }] })
          .keyframe()
          .delta({ list: [{ a: 30 }] })
          .delta({ kit: [{ rng: 1 }] }),
    }),
    vector({
      name: "acks",
      shows: "acknowledged sequence numbers by seat: unchanged, one more, two more, any other value",
      state: { a: uint(8) },
      seats: 5,
      acks: [0, 7, 4_294_967_290, 100, 100],
      play: (sender) =>
        sender
          .keyframe()
          .delta({}, [0, 8, 4_294_967_292, 103, 99])
          .delta({ a: 1 }, [1, 8, 4_294_967_295, 103, 70_000])
          .delta({}, [2, 10, 4_294_967_295, 104, 70_002]),
    }),
    vector({
      name: "chain",
      shows:
        "the low 8 bits of the tick around 256; deltas that do not follow are dropped; a keyframe mends it, also one of the tick that is held, or of an earlier one",
      state: { a: uint(16), b: uint(16, { countsDown: true }) },
      tick: 65_532,
      play: (sender) =>
        sender
          .set({ a: 1, b: 100 })
          .keyframe()
          .delta({ a: 2, b: 99 })
          .delta({ a: 3, b: 98 })
          .delta({ a: 4, b: 97 })
          .delta({ a: 5, b: 96 })
          .delta({ a: 6, b: 95 })
          .lost({ a: 7, b: 94 })
          .outOfStep({ a: 8, b: 93 })
          .outOfStep({ a: 9, b: 92 })
          .keyframe()
          .keyframe()
          .delta({ a: 10, b: 91 }),
    }),
    vector({
      name: "malformed",
      shows: "what is no frame: too short, too long, padding that is not zero, a type that is none, nothing",
      state: { a: uint(3), b: uint(10) },
      play: (sender) =>
        sender
          .set({ a: 5, b: 700 })
          .keyframe()
          .malformed((last) => last.subarray(0, -1))
          .malformed(() => Buffer.from([0x03]))
          .malformed(() => Buffer.alloc(0))
          .malformed(() => Buffer.from([0x05, 0x00]))
          .delta({ a: 6, b: 710 })
          .malformed((last) =>
            Buffer.concat([last.subarray(0, 1), Buffer.from([2]), last.subarray(2), Buffer.from([0])]),
          )
          .malformed(() => Buffer.from([0x04, 0x02, 0b1000_0000])),
    }),
    vector({
      name: "inputs",
      shows: "input frames: sequence number, tick, and the fields packed as a state's",
      state: { a: uint(1) },
      input: { aim: int(9), fire: flag(), power: uint(32), moves: list(2, { x: uint(3), y: int(3) }), last: flag() },
      inputs: [
        {
          seq: 1,
          tick: 0,
          value: {
            aim: -256,
            fire: true,
            power: 4_294_967_295,
            last: true,
            moves: [
              { x: 7, y: -4 },
              { x: 1, y: 3 },
            ],
          },
        },
        {
          seq: 70_000,
          tick: 4_294_967_295,
          value: {
            aim: 255,
            fire: false,
            power: 1,
            last: false,
            moves: [
              { x: 0, y: 0 },
              { x: 4, y: -1 },
            ],
          },
        },
      ],
      play: (sender) => sender.keyframe(),
    }),
    vector({
      name: "first",
      shows: "the frames that have been here since version 1 began",
      state: {
        clock: uint(16, { countsDown: true }),
        wide: uint(32),
        things: list(3, { live: flag(), v: int(9), x: uint(16, { movesBy: "v" }), y: int(12), z: int(32) }),
      },
      seats: 2,
      tick: 40,
      play: (sender) =>
        sender
          .set({ kit: [{ rng: 0x514e28b7 }] })
          .keyframe()
          .delta(
            { clock: 500, wide: 0xdeadbeef, things: [{}, { live: true, v: -3, x: 12, y: -2048, z: -1 }] },
            [7, 70_000],
          )
          .keyframe(),
    }),
    vector({ ...mixture(), name: "mixture", shows: "everything together, for sixty ticks" }),
    ...Array.from({ length: 8 }, (_, i) =>
      vector({ ...randomGame(i + 1), name: `random-${i + 1}`, shows: "a schema and changes that were thrown" }),
    ),
  ];
}
