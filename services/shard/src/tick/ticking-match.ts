// On the hot path, once per match and tick: design/realtime/performance.md.
//
// The part of a match that its ticks need, in one object: normally a tick reads nothing else of the match. prefetch.ts
// fetches what this object refers to.
import type { GameResult, InputLog, InputRecords, Simulation } from "@muster/game-kit";
import type { Bots } from "../match/bots.ts";
import type { MatchSpec } from "../match/match-spec.ts";
import type { InputTaker, MatchInputs } from "./match-inputs.ts";
import type { StepGuard, WatchedMatch } from "./step-watchdog.ts";
import type { Subscribers } from "./subscribers.ts";
import type { Views } from "./views.ts";

/** Where a tick ends up when it is not like every other. */
export interface TickingHost {
  /** The seat is given up: its bot stops playing. */
  hasLeft(seat: number): boolean;
  /** The rules do not allow an input of this seat, but it was applied. */
  illegal(seat: number): void;
  ended(result: GameResult): void;
  /** The game did what no game may. */
  fail(err: unknown): void;
}

export interface TickingParts {
  readonly spec: MatchSpec;
  /** On links. */
  readonly channel: number;
  readonly watchdogSlot: number;
  readonly guard: StepGuard;
  readonly simulation: Simulation;
  readonly records: InputRecords;
  readonly log: InputLog;
  readonly inputs: MatchInputs;
  readonly subscribers: Subscribers;
  readonly views: Views;
  readonly bots: Bots;
  readonly host: TickingHost;
}

export class TickingMatch implements InputTaker, WatchedMatch {
  /** Otherwise tick() does nothing. */
  running = false;
  readonly channel: number;
  readonly watchdogSlot: number;
  readonly tickRate: number;
  readonly simulation: Simulation;
  readonly log: InputLog;
  readonly inputs: MatchInputs;
  readonly subscribers: Subscribers;
  readonly views: Views;
  readonly #records: InputRecords;
  readonly #guard: StepGuard;
  readonly #heldInputs: boolean;
  readonly #tellsIllegal: boolean;
  /** Undefined where no seat is a bot's. */
  readonly #bots: Bots | undefined;
  readonly #host: TickingHost;
  readonly spec: MatchSpec;

  constructor(parts: TickingParts) {
    const { game } = parts.spec;
    this.spec = parts.spec;
    this.channel = parts.channel;
    this.watchdogSlot = parts.watchdogSlot;
    this.tickRate = game.tickRate;
    this.simulation = parts.simulation;
    this.log = parts.log;
    this.inputs = parts.inputs;
    this.subscribers = parts.subscribers;
    this.views = parts.views;
    this.#records = parts.records;
    this.#guard = parts.guard;
    this.#heldInputs = game.inputMode === "held";
    this.#tellsIllegal = game.accepts !== undefined;
    this.#bots = parts.bots.some ? parts.bots : undefined;
    this.#host = parts.host;
  }

  /** One step. Whatever the game throws ends this match and no other. */
  tick(): void {
    if (!this.running) return;
    try {
      this.#guard.enter(this);
      this.views.begin();
      this.#applyInputs();
      const record = this.#records.finish();
      this.log.append(record);
      const result = this.simulation.step();
      const overrun = this.#guard.leave(this);
      if (overrun) return this.fail(overrun);
      this.subscribers.tick(this.channel, this.log.records, this.simulation.checksum(), record);
      if (result) this.#host.ended(result);
    } catch (err) {
      this.#guard.leave(this);
      this.fail(err);
    }
  }

  fail(err: unknown): void {
    this.#host.fail(err);
  }

  applyInput(seat: number, seq: number, words: Int32Array, at: number): void {
    this.simulation.setInputWords(seat, words, at);
    this.#records.input(seat, seq, words, at);
    if (this.#tellsIllegal && !this.simulation.accepts(seat)) this.#host.illegal(seat);
  }

  #applyInputs(): void {
    // Held: the newest due one counts. Events: each counts, one a step.
    this.inputs.apply(this.simulation.tick + 1, !this.#heldInputs, this);
    if (this.#bots?.decide())
      this.#bots.take((seat, seq, words) => {
        if (!this.#host.hasLeft(seat)) this.applyInput(seat, seq, words, 0);
      });
  }
}
