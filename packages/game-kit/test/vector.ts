// One test vector: a schema, and a sender whose state a script writes.
import { descriptionOf, type FieldDescription } from "../src/schema/description.ts";
import type { Game, InputMode } from "../src/game.ts";
import { inputCodecOf } from "../src/wire/input-codec.ts";
import { type Fields, flag } from "../src/schema/schema.ts";
import { Simulation } from "../src/engine/simulation.ts";
import { SnapshotEncoder } from "../src/wire/snapshot.ts";

export type Plain = { [name: string]: number | boolean | Plain[] };

export interface Vector {
  readonly name: string;
  /** What it shows. */
  readonly shows: string;
  readonly layoutHash: string;
  readonly state: readonly FieldDescription[];
  readonly input: readonly FieldDescription[];
  /** One after the other, to one receiver. */
  readonly frames: readonly VectorFrame[];
  readonly inputs: readonly {
    readonly frame: string;
    readonly seq: number;
    readonly tick: number;
    readonly value: Plain;
  }[];
}

export type VectorFrame =
  | {
      readonly frame: string;
      readonly tick: number;
      readonly acks: number[];
      readonly state: Plain;
      readonly hash: string;
    }
  /** A delta that does not follow what the receiver holds: dropped, and nothing changes. */
  | { readonly frame: string; readonly dropped: true }
  /** No frame: to a receiver of its own that holds what this one holds now. */
  | { readonly frame: string; readonly malformed: true };

/** In hexadecimal digits. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export function gameOf(state: Fields, input: Fields, inputMode: InputMode = "held"): Game {
  return {
    id: "vector",
    buildId: "vector-1",
    tickRate: 30,
    seatsMin: 1,
    seatsMax: 255,
    state,
    input,
    inputMode,
    options: {},
    init() {},
    step() {},
    result: () => undefined,
    forfeit: () => ({ seats: [] }),
  };
}

/** A sender whose state the script writes. */
export class Sender {
  readonly #simulation: Simulation;
  readonly #encoder: SnapshotEncoder;
  readonly acks: Uint32Array;
  readonly frames: VectorFrame[] = [];
  readonly #state: Plain;

  constructor(game: Game, seats: number, first: { readonly tick: number; readonly acks?: readonly number[] }) {
    this.#simulation = new Simulation(game, { seed: 0, seats, options: {} });
    this.#simulation.tick = first.tick;
    this.#encoder = new SnapshotEncoder(this.#simulation.layout, seats);
    this.acks = Uint32Array.from(first.acks ?? Array.from({ length: seats }, () => 0));
    this.#state = this.#simulation.state as unknown as Plain;
    this.set({ kit: [{ rng: 0x12345678 }] });
  }

  /** Only what is named changes. */
  set(values: unknown): this {
    assign(this.#state, values as Plain);
    return this;
  }

  keyframe(): this {
    const { words, tick } = this.#simulation;
    const frame = this.#encoder.keyframe(tick, words, this.acks).slice();
    this.#encoder.rebase(words, this.acks);
    return this.#keep(frame);
  }

  delta(values: unknown = {}, acks: readonly number[] = []): this {
    return this.#keep(this.#next(values, acks));
  }

  /** What the receiver never gets. */
  lost(values: unknown = {}): this {
    this.#next(values, []);
    return this;
  }

  /** What does not follow. */
  outOfStep(values: unknown = {}): this {
    this.frames.push({ frame: hex(this.#next(values, [])), dropped: true });
    return this;
  }

  malformed(change: (last: Buffer) => Uint8Array): this {
    const last = Buffer.from((this.frames.at(-1) as VectorFrame).frame, "hex");
    this.frames.push({ frame: hex(change(last)), malformed: true });
    return this;
  }

  #next(values: unknown, acks: readonly number[]): Uint8Array {
    this.set(values);
    this.acks.set(acks);
    this.#simulation.tick++;
    return this.#encoder.delta(this.#simulation.tick, this.#simulation.words, this.acks).slice();
  }

  #keep(frame: Uint8Array): this {
    const { tick } = this.#simulation;
    const state = plainOf(this.#simulation.game.state, this.#state, true);
    this.frames.push({ frame: hex(frame), tick, acks: [...this.acks], state, hash: this.#simulation.hash() });
    return this;
  }
}

function assign(to: Plain, values: Plain): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Array.isArray(value)) to[name] = value;
    else value.forEach((element, i) => assign((to[name] as Plain[])[i] as Plain, element));
  }
}

export function plainOf(fields: Fields, view: Plain, withKit = false): Plain {
  const plain: Plain = {};
  for (const [name, field] of Object.entries(fields)) {
    const value = view[name] as number | boolean | Plain[];
    plain[name] =
      field.kind === "list" ? (value as Plain[]).map((one) => plainOf(field.fields, one)) : (value as number);
  }
  if (withKit) plain["kit"] = [{ rng: (view["kit"] as { rng: number }[])[0]?.rng as number }];
  return plain;
}

export interface VectorParts {
  readonly name: string;
  readonly shows: string;
  readonly state: Fields;
  readonly input?: Fields;
  readonly inputs?: readonly { readonly seq: number; readonly tick: number; readonly value: Plain }[];
  readonly seats?: number;
  readonly tick?: number;
  readonly acks?: readonly number[];
  play(sender: Sender): void;
}

export function vector(parts: VectorParts): Vector {
  const { name, shows, state, input = { go: flag() }, inputs = [], seats = 1, tick = 0, acks } = parts;
  const game = gameOf(state, input);
  const sender = new Sender(game, seats, acks ? { tick, acks } : { tick });
  parts.play(sender);
  const described = descriptionOf(game);
  const codec = inputCodecOf(input);
  return {
    name,
    shows,
    layoutHash: described.layoutHash,
    state: described.state,
    input: described.input,
    frames: sender.frames,
    inputs: inputs.map(({ seq, tick: at, value }) => {
      const header = Buffer.alloc(9);
      header.writeUInt8(0x02, 0);
      header.writeUInt32LE(seq, 1);
      header.writeUInt32LE(at, 5);
      return { frame: hex(Buffer.concat([header, codec.encode(value as never)])), seq, tick: at, value };
    }),
  };
}
