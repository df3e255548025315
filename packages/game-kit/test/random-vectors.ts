// Vectors whose changes, or schemas too, a small generator picks: the same ones whenever they are made.
import { type Field, type Fields, flag, int, list, uint } from "../src/schema/schema.ts";
import type { Plain, VectorParts } from "./vector.ts";

type Thrown = Omit<VectorParts, "name" | "shows">;
type Below = (n: number) => number;

function generator(first: number): Below {
  let seed = first;
  return (n) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((seed / 0x80000000) * n);
  };
}

/** Changes that a small generator picks. */
export function mixture(): Thrown {
  const thing = {
    live: flag(),
    v: int(13),
    x: uint(16, { movesBy: "v" }),
    hp: uint(3),
    heat: uint(6, { countsDown: true }),
  };
  const below = generator(12_345);
  const things = Array.from({ length: 4 }, () => ({ live: false, v: 0, x: 0, hp: 0, heat: 0 }));
  const change = (one: (typeof things)[number]): void => {
    if (below(4) === 0) one.v = below(8192) - 4096;
    one.x = below(5) === 0 ? below(65_536) : (one.x + one.v + (below(3) === 0 ? below(64) - 32 : 0)) & 0xffff;
    one.live = below(6) === 0 ? !one.live : one.live;
    one.hp = below(4) === 0 ? below(8) : one.hp;
    one.heat = one.heat > 0 ? one.heat - 1 : below(5) === 0 ? below(64) : 0;
  };
  return {
    state: { clock: uint(16, { countsDown: true }), things: list(4, thing), score: int(20) },
    input: { left: flag(), turn: int(4) },
    inputs: [{ seq: 9, tick: 77, value: { left: true, turn: -8 } }],
    seats: 2,
    tick: 230,
    play(sender) {
      sender.set({ clock: 40, score: -3 }).keyframe();
      for (let tick = 0; tick < 60; tick++) {
        things.forEach((one) => below(2) === 0 && change(one));
        const acks = [...sender.acks].map((ack) => ack + (below(3) === 0 ? below(5) : 0));
        const more = below(4) === 0 ? { score: below(1_048_576) - 524_288, kit: [{ rng: below(0x7fffffff) }] } : {};
        sender.delta({ clock: Math.max(0, 39 - tick), things, ...more }, acks);
      }
    },
  };
}

/** A schema of any shape, and states of it that change a little or a lot. */
export function randomGame(number: number): Thrown {
  const below = generator(number * 7919);
  const state = fields(below, 2);
  const input = fields(below, 1);
  const seats = 1 + below(4);
  return {
    state,
    input,
    inputs: [{ seq: 1 + below(100_000), tick: below(100_000), value: values(input, below, 1) }],
    seats,
    tick: below(100_000),
    play(sender) {
      sender.set(values(state, below, 1)).keyframe();
      for (let i = 0; i < 12; i++) {
        const acks = [...sender.acks].map((ack) => ack + below(5));
        sender.delta(values(state, below, 1 + below(4)), acks);
      }
    },
  };
}

function fields(below: Below, depth: number): Fields {
  const all: Record<string, Field> = {};
  const scalars: string[] = [];
  const count = 1 + below(6);
  for (let i = 0; i < count; i++) {
    const [name, kind] = [`f${i}`, below(depth > 0 ? 6 : 5)];
    if (kind === 5) {
      all[name] = list(1 + below(3), fields(below, depth - 1));
      continue;
    }
    const movesBy = scalars[below(scalars.length * 2)];
    const expects = movesBy !== undefined ? { movesBy } : below(4) === 0 ? { countsDown: true } : {};
    all[name] = kind === 0 ? flag() : kind < 3 ? uint(1 + below(32), expects) : int(2 + below(31), expects);
    scalars.push(name);
  }
  return all;
}

/** Of about one field in `sparse`; the others stay. */
function values(schema: Fields, below: Below, sparse: number): Plain {
  const plain: Plain = {};
  for (const [name, field] of Object.entries(schema)) {
    if (field.kind === "list")
      plain[name] = Array.from({ length: field.length }, () => values(field.fields, below, sparse));
    else if (below(sparse) === 0) plain[name] = field.kind === "flag" ? below(2) === 1 : valueOf(field, below);
  }
  return plain;
}

/** Near the ends, near 0, or anywhere. */
function valueOf({ bits, signed }: { bits: number; signed: boolean }, below: Below): number {
  const min = signed ? -(2 ** (bits - 1)) : 0;
  const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  const near = below(Math.min(40, max - min + 1));
  const kind = below(4);
  if (kind === 0) return min + near;
  if (kind === 1) return max - near;
  if (kind === 2) return Math.min(near, max);
  return min + below(max - min + 1);
}
