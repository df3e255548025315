// One match, looked into: every step runs twice from the same state, the second time in another world, and whatever comes out
// differently is named, with the field and the line that wrote it.
import type { Game, GameResult } from "../game.ts";
import { Simulation } from "../engine/simulation.ts";
import { LogPlayer } from "../replay/log-player.ts";
import { plainOf } from "../schema/struct-view.ts";
import { codecOf } from "../wire/codec.ts";
import { SnapshotEncoder } from "../wire/snapshot.ts";
import type { ForbiddenCall } from "./other-world.ts";
import { RecordedStep, type StepOutcome } from "./recorded-step.ts";
import { sourceLineOf } from "./source-line.ts";
import { type SentInput, TrialMatch, type TrialSetup } from "./trial-match.ts";

/**
 * `differs`: a field, or the result, came out differently the second time. `calls`: what no step may use. `writes`: a function wrote
 * that may only read. `throws`: the game did. `replay`: simulated again from its inputs, the match is another one.
 */
export interface Problem {
  readonly kind: "differs" | "calls" | "writes" | "throws" | "replay";
  /** The field, if it is one's. */
  readonly path?: string;
  /** Of the game's source. */
  readonly line?: string;
  readonly message: string;
}

export interface FieldChange {
  readonly path: string;
  readonly before: number;
  readonly after: number;
  readonly line?: string;
}

export interface InspectedTick {
  readonly tick: number;
  readonly hash: string;
  /** By seat, as values of the game's fields; undefined where there is none. */
  readonly inputs: readonly (object | undefined)[];
  /** The seats that sent one for this tick. */
  readonly sent: readonly number[];
  readonly changes: readonly FieldChange[];
  /** In bytes: the delta, and the inputs that were sent. */
  readonly bytes: { readonly delta: number; readonly inputs: number };
  /** What the delta has of each field, in bits. Where nothing is as expected; otherwise a group costs one. */
  readonly bits: readonly { readonly path: string; readonly bits: number }[];
  readonly problems: readonly Problem[];
}

/** What an inspection looks into: a match, and who decides what its players do. */
export interface InspectedMatch {
  readonly simulation: Simulation;
  /** By seat: how many inputs were applied. */
  readonly acks: Uint32Array;
  /** What `decide` has applied, and its record of the input log. */
  readonly sent: readonly SentInput[];
  readonly record: Uint8Array;
  /** Sets the inputs of the next step. */
  decide(): void;
}

/** A match at one tick: enough to go on from there. */
export interface Moment {
  readonly tick: number;
  readonly memory: Int32Array;
  readonly acks: Uint32Array;
}

const INPUT_HEADER_BYTES = 9;

export class Inspection<M extends InspectedMatch = TrialMatch> {
  readonly match: M;
  result: GameResult | undefined;
  /** The game threw, or has a result. */
  over = false;
  readonly #step: RecordedStep;
  readonly #frames: SnapshotEncoder;
  readonly #setup: TrialSetup;
  readonly #game: Game;
  #records: Uint8Array[] = [];
  #hashes: string[] = [];
  /** Where the records begin, if not where the match does. */
  #base: Moment | undefined;
  #written: boolean | undefined;

  /** `match`: of the same game, seed and options. Default: one that plays by itself. */
  constructor(game: Game, setup: TrialSetup, match: M = new TrialMatch(game, setup) as unknown as M) {
    this.#game = game;
    this.#setup = setup;
    this.match = match;
    const { simulation, acks } = this.match;
    this.#step = new RecordedStep(simulation);
    this.#frames = new SnapshotEncoder(simulation.layout, simulation.seats);
    this.#frames.rebase(simulation.words, acks);
    this.#hashes.push(simulation.hash());
  }

  /** The whole state, in bytes. */
  get keyframeBytes(): number {
    const { simulation, acks } = this.match;
    return this.#frames.keyframe(simulation.tick, simulation.words, acks).length;
  }

  /** Of the newest tick, as a plain object that can be kept. */
  get state(): object {
    const { game, layout, words } = this.match.simulation;
    return plainOf(game.state, layout.view(words, 0, false) as never);
  }

  get moment(): Moment {
    const { simulation, acks } = this.match;
    return { tick: simulation.tick, memory: simulation.memory.slice(), acks: acks.slice() };
  }

  /** Goes on from there: of this match, or of one of the same game's under other rules. */
  goTo(moment: Moment): void {
    const { simulation, acks } = this.match;
    simulation.memory.set(moment.memory);
    simulation.tick = moment.tick;
    acks.set(moment.acks);
    this.#frames.rebase(simulation.words, acks);
    this.#base = moment;
    this.#records = [];
    this.#hashes = [simulation.hash()];
    this.#written = undefined;
    this.result = undefined;
    this.over = false;
  }

  /** The inputs of the next step, for whoever wants to know before it; otherwise the step does it. */
  decide(): void {
    const { simulation } = this.match;
    const before = simulation.words.slice();
    this.match.decide();
    this.#written = before.some((word, i) => word !== simulation.words[i]);
  }

  step(): InspectedTick {
    const { match } = this;
    const { simulation } = match;
    const before = simulation.words.slice();
    if (this.#written === undefined) this.decide();
    const problems: Problem[] = [];
    if (this.#written) problems.push({ kind: "writes", message: "a bot or accepts() has written to the state" });
    this.#written = undefined;
    this.#records.push(match.record.slice());
    const inputs = this.#inputs();
    const first = this.#step.run(false);
    const second = this.#step.run(true);
    problems.push(...this.#compared(first, second));
    simulation.goTo(first.memory.subarray(0, simulation.words.length), simulation.tick + 1);
    simulation.spendInputs();
    this.result = first.result;
    this.over = first.result !== undefined || first.error !== undefined;
    const seen = this.#sent(before);
    this.#hashes.push(simulation.hash());
    return {
      tick: simulation.tick,
      hash: simulation.hash(),
      inputs,
      sent: match.sent.map(({ seat }) => seat),
      changes: this.#changes(before, first),
      ...seen,
      problems,
    };
  }

  /** Call this at the end: the same match again, from its inputs alone. */
  replayed(): Problem[] {
    try {
      return this.#replayed();
    } catch (err) {
      return thrown(err);
    }
  }

  #replayed(): Problem[] {
    const { seed, options = {} } = this.#setup;
    const simulation = new Simulation(this.#game, { seed, seats: this.match.simulation.seats, options });
    if (this.#base) {
      simulation.memory.set(this.#base.memory);
      simulation.tick = this.#base.tick;
    }
    const from = simulation.tick;
    const player = new LogPlayer(simulation);
    for (const [i, record] of [undefined, ...this.#records].entries()) {
      if (record) player.play(record);
      if (simulation.hash() !== this.#hashes[i])
        return [
          {
            kind: "replay",
            message: `simulated again from its inputs, the match is another one from tick ${from + i} on: something that is not in the state decides`,
          },
        ];
    }
    return [];
  }

  #inputs(): (object | undefined)[] {
    const { simulation } = this.match;
    return simulation
      .heldInputs()
      .map((words) => words && plainOf(simulation.game.input, simulation.input.view(words)));
  }

  /** What the wire has of this tick. */
  #sent(before: Int32Array): Pick<InspectedTick, "bytes" | "bits"> {
    const { simulation, acks, sent } = this.match;
    const { layout, words, tick, input } = simulation;
    let delta = 0;
    const bits = new Uint32Array(layout.words);
    try {
      delta = this.#frames.delta(tick, words, acks).length;
      codecOf(layout).addDeltaBits(before, words, bits);
    } catch {
      // The game threw in the middle, which is reported.
    }
    return {
      bytes: { delta, inputs: sent.length * (INPUT_HEADER_BYTES + input.bytes) },
      bits: layout.slots.flatMap(({ path }, i) => ((bits[i] as number) > 1 ? [{ path, bits: bits[i] as number }] : [])),
    };
  }

  #changes(before: Int32Array, { memory, lineOf }: StepOutcome): FieldChange[] {
    return this.match.simulation.layout.slots.flatMap(({ path, bits, signed }, i) => {
      const value = (word: number): number => (bits === 32 && !signed ? word >>> 0 : word);
      const [was, is] = [value(before[i] as number), value(memory[i] as number)];
      return was === is ? [] : [{ path, before: was, after: is, ...lineField(lineOf(i)) }];
    });
  }

  #compared(first: StepOutcome, second: StepOutcome): Problem[] {
    const { layout, map } = this.match.simulation;
    const problems = [...callProblems(first.calls), ...thrown(first.error)];
    for (const [i, { path }] of layout.slots.entries()) {
      const [a, b] = [first.memory[i] as number, second.memory[i] as number];
      if (a === b) continue;
      const name = path === "kit[0].rng" ? "the random generator" : path;
      const line = lineField(first.lineOf(i) ?? second.lineOf(i));
      problems.push({
        kind: "differs",
        path,
        ...line,
        message: `${name} is ${a}, and ${b} when the same step runs again`,
      });
    }
    if (JSON.stringify(first.result) !== JSON.stringify(second.result))
      problems.push({ kind: "differs", message: "the result is another one when the same step runs again" });
    for (const word of first.writtenByResult)
      problems.push({
        kind: "writes",
        path: layout.slots[word]?.path ?? "an input",
        ...lineField(first.lineOf(word)),
        message: "result() writes to the state",
      });
    for (let word = map.stateWords; word < map.entriesAt; word++)
      if (first.lineOf(word) !== undefined)
        problems.push({
          kind: "writes",
          ...lineField(first.lineOf(word)),
          message: "step() writes to an input, which stays so while it is held",
        });
    return problems;
  }
}

function callProblems(calls: readonly ForbiddenCall[]): Problem[] {
  return calls.map(({ what, line }) => ({ kind: "calls", ...lineField(line), message: `calls ${what}` }));
}

function thrown(error: unknown): Problem[] {
  if (error === undefined) return [];
  const [message, stack] =
    error instanceof Error ? [error.message, error.stack] : ["it threw what is no Error", undefined];
  return [{ kind: "throws", ...lineField(sourceLineOf(stack)), message }];
}

function lineField(line: string | undefined): { line?: string } {
  return line === undefined ? {} : { line };
}
