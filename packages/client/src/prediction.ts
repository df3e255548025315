// Runs the same `step` ahead of the server, so that a player's own inputs show immediately and the server's states are
// applied without a jump. Rollback and replay after Y. Bernier, "Latency Compensating Methods in Client/Server In-game
// Protocol Design and Optimization" (2001), section "client side prediction".
import { type Fields, type Game, Simulation, type SnapshotView, type StateOf } from "@muster/game-kit";
import { ServerClock } from "./server-clock.ts";
import type { PlayingMatch } from "./match.ts";

export interface PredictionOptions<S extends Fields, I extends Fields> {
  readonly game: Game<S, I>;
  /** Returns the player's current input; undefined sends nothing for this tick. Called once per predicted tick. */
  readonly sample: (state: StateOf<S>, tick: number) => StateOf<I> | undefined;
  /** Milliseconds, monotonic. Default performance.now. */
  readonly now?: () => number;
  /** Ticks added to the round trip, so that inputs reach the server in time despite jitter. Default 2. */
  readonly marginTicks?: number;
}

export interface Correction<S extends Fields = Fields> {
  /** The tick of the server's state. */
  readonly tick: number;
  /** Predicted ticks that were simulated again. */
  readonly replayed: number;
  /** The earlier prediction for the tick that `Prediction.state` has now; valid during the call. */
  readonly before: StateOf<S>;
}

interface OwnInput {
  readonly seq: number;
  readonly tick: number;
  readonly words: Int32Array;
}

/** At this limit, prediction pauses until the server sends another state: a longer prediction would be useless. */
const AHEAD_TICKS_MAX = 30;
/** A page that was in the background does not predict every tick that it missed. */
const STEPS_PER_ADVANCE_MAX = 12;
/** Predicted states kept for comparison with the server's. */
const KEPT_TICKS = 64;

/** Client-side prediction. Only for games that redact nothing: hidden state cannot be simulated. */
export class Prediction<S extends Fields = Fields, I extends Fields = Fields> {
  readonly #match: PlayingMatch<S, I>;
  readonly #options: PredictionOptions<S, I>;
  readonly #now: () => number;
  readonly #clock: ServerClock;
  readonly #simulation: Simulation<S, I>;
  readonly #kept: { tick: number; words: Int32Array }[];
  readonly #listeners = new Set<(correction: Correction<S>) => void>();
  readonly #stopListening: () => void;
  /** Sent inputs by sequence number, oldest first, starting with the one that the server applied last. */
  #inputs: OwnInput[] = [];
  #confirmed = -1;
  /** A copy of the state before a correction. */
  readonly #beforeWords: Int32Array;
  readonly #before: StateOf<S>;

  /** @throws RangeError for a game that redacts part of its state */
  constructor(match: PlayingMatch<S, I>, options: PredictionOptions<S, I>) {
    if (options.game.redact) throw new RangeError(`${options.game.id} redacts part of its state`);
    this.#match = match;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#clock = new ServerClock(1000 / options.game.tickRate, options.marginTicks ?? 2);
    // The seed does not matter: every state comes from a snapshot.
    this.#simulation = new Simulation(options.game, { seed: 0, seats: match.seats, options: match.options });
    this.#kept = Array.from({ length: KEPT_TICKS }, () => ({
      tick: -1,
      words: new Int32Array(this.#simulation.words.length),
    }));
    this.#beforeWords = new Int32Array(this.#simulation.words.length);
    this.#before = this.#simulation.layout.view(this.#beforeWords, 0, false) as unknown as StateOf<S>;
    this.#stopListening = match.onView((view) => this.#onView(view));
    if (match.view) this.#onView(match.view);
  }

  /** A live view of the predicted state: valid once `tick` is 0 or above. */
  get state(): StateOf<S> {
    return this.#simulation.state;
  }

  /** The predicted tick; -1 before the first snapshot. */
  get tick(): number {
    return this.#confirmed < 0 ? -1 : this.#simulation.tick;
  }

  /** The tick of the newest server state. */
  get confirmedTick(): number {
    return this.#confirmed;
  }

  /** Calls `listener` after the server's state differed from the prediction. @returns a function that unsubscribes */
  onCorrection(listener: (correction: Correction<S>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reports a round trip (`Realtime.ping`) in ms: once a second is enough. */
  onRoundTrip(ms: number): void {
    this.#clock.onRoundTrip(ms);
  }

  /** Predicts up to the current time; call it for every frame that you draw. @returns ticks simulated */
  advance(): number {
    if (this.#confirmed < 0) return 0;
    const wanted = Math.min(this.#clock.predictedTick(this.#now()), this.#confirmed + AHEAD_TICKS_MAX);
    const missing = wanted - this.#simulation.tick;
    if (missing > STEPS_PER_ADVANCE_MAX) this.#skipTo(wanted - STEPS_PER_ADVANCE_MAX);
    let steps = 0;
    for (; this.#simulation.tick < wanted; steps++) this.#predictOne();
    return steps;
  }

  stop(): void {
    this.#stopListening();
  }

  #predictOne(): void {
    const tick = this.#simulation.tick + 1;
    const input = this.#options.sample(this.#simulation.state, tick);
    if (input) {
      const seq = this.#match.send(input, tick);
      const words = new Int32Array(this.#simulation.input.words);
      this.#simulation.input.decode(this.#simulation.input.encode(input), words);
      this.#inputs.push({ seq, tick, words });
      this.#simulation.setInputWords(this.#match.seat, words);
    }
    this.#step();
  }

  #step(): void {
    this.#simulation.step();
    const kept = this.#kept[this.#simulation.tick % KEPT_TICKS] as { tick: number; words: Int32Array };
    kept.tick = this.#simulation.tick;
    kept.words.set(this.#simulation.words);
  }

  /** Steps without inputs: these ticks were not shown. */
  #skipTo(tick: number): void {
    while (this.#simulation.tick < tick) this.#step();
  }

  #onView({ tick, acks }: SnapshotView<S>): void {
    this.#clock.onTick(tick, this.#now());
    const first = this.#confirmed < 0;
    this.#confirmed = tick;
    const ack = acks[this.#match.seat] ?? 0;
    const kept = this.#kept[tick % KEPT_TICKS] as { tick: number; words: Int32Array };
    const right = kept.tick === tick && sameWords(kept.words, this.#match.words);
    // A replay needs the input that the server applied last, but none before it.
    const acked = this.#inputs.findLastIndex((input) => input.seq <= ack);
    if (acked > 0) this.#inputs = this.#inputs.slice(acked);
    if (right) return;
    this.#beforeWords.set(this.#simulation.words);
    const replayed = this.#replayFrom(tick, ack);
    if (!first) for (const listener of this.#listeners) listener({ tick, replayed, before: this.#before });
  }

  /** Restores the server's state at `tick`, then steps again with the inputs that it does not include. @returns ticks simulated */
  #replayFrom(tick: number, ack: number): number {
    const to = Math.max(tick, this.#simulation.tick);
    const inputs: (Int32Array | undefined)[] = Array.from({ length: this.#match.seats }, () => undefined);
    const heldMode = this.#options.game.inputMode === "held";
    if (heldMode) inputs[this.#match.seat] = this.#inputs.find((input) => input.seq === ack)?.words;
    this.#simulation.restore(this.#match.words, tick, inputs);
    const open = this.#inputs.filter((input) => input.seq > ack);
    let next = 0;
    while (this.#simulation.tick < to) {
      // A late input applies as soon as it arrives: presumably at the next tick.
      const due = this.#simulation.tick + 1;
      for (; next < open.length && (open[next] as OwnInput).tick <= due; next++) {
        this.#simulation.setInputWords(this.#match.seat, (open[next] as OwnInput).words);
        if (!heldMode) {
          next++;
          break;
        }
      }
      this.#step();
    }
    return to - tick;
  }
}

function sameWords(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
