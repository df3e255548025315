// An inspection of a steered match, with what each client has of every tick: the frames that it would get, encoded and decoded.
import { codecOf, descriptionOf, type Game, layoutOf, SnapshotDecoder, SnapshotEncoder } from "@muster/game-kit";
import { Inspection, type Moment } from "@muster/game-kit/trial";
import type { InputField, MatchSetup, SeatOrder, SeenState, ShownGame, TickRecord } from "./messages.ts";
import { SteeredMatch } from "./steered-match.ts";

/** One client: both ends of its connection. */
interface Connection {
  readonly encoder: SnapshotEncoder;
  readonly decoder: SnapshotDecoder;
  /** What the match lets this seat see. */
  readonly words: Int32Array;
  readonly redact: ((viewer: number) => void) | undefined;
}

export class SteeredInspection {
  readonly #game: Game;
  readonly #match: SteeredMatch;
  readonly #inspection: Inspection<SteeredMatch>;
  #connections: readonly Connection[] = [];
  #first: TickRecord;

  constructor(game: Game, setup: MatchSetup) {
    this.#game = game;
    this.#match = new SteeredMatch(game, setup);
    this.#inspection = new Inspection(game, { ...setup }, this.#match);
    this.#first = this.#connected();
  }

  get shown(): ShownGame {
    const { id, buildId, tickRate, inputMode, redact, bots = {} } = this.#game;
    const { layout, seats } = this.#match.simulation;
    return {
      id,
      buildId,
      layoutHash: `${descriptionOf(this.#game).layoutHash}-${seats}`,
      tickRate,
      inputMode,
      seats,
      conceals: redact !== undefined,
      bots: Object.keys(bots),
      slots: layout.slots.map(({ path, bits, signed }) => ({ path, bits, signed })),
      input: inputFieldsOf(this.#game),
    };
  }

  /** The state before the next step, as a tick in which nothing happened. */
  get first(): TickRecord {
    return this.#first;
  }

  goTo(moment: Moment): void {
    this.#inspection.goTo(moment);
    this.#first = this.#connected();
  }

  /** @returns undefined where no player does anything, unless the step is to be made anyway */
  step(orders: readonly SeatOrder[], always: boolean): TickRecord | undefined {
    const [inspection, match] = [this.#inspection, this.#match];
    match.orders = orders;
    inspection.decide();
    if (!always && match.sent.length === 0) return undefined;
    const tick = inspection.step();
    const replayed = inspection.over && tick.problems.every(({ kind }) => kind !== "throws");
    return {
      ...tick,
      problems: [...tick.problems, ...(replayed ? inspection.replayed() : [])],
      words: [...match.simulation.words],
      seen: this.#connections.map((one, seat) => this.#received(one, seat, false)),
      refused: match.refused,
      result: inspection.result?.seats,
      over: inspection.over,
      moment: inspection.moment,
    };
  }

  /** New connections: each begins with the whole state. */
  #connected(): TickRecord {
    const { simulation } = this.#match;
    this.#connections = Array.from({ length: simulation.seats }, () => {
      const words = this.#game.redact ? new Int32Array(simulation.layout.words) : simulation.words;
      const redact = this.#game.redact && simulation.redactor(words);
      const encoder = new SnapshotEncoder(simulation.layout, simulation.seats);
      return { encoder, decoder: new SnapshotDecoder(this.#game), words, redact };
    });
    return {
      tick: simulation.tick,
      hash: simulation.hash(),
      inputs: Array.from({ length: simulation.seats }, () => undefined),
      sent: [],
      changes: [],
      bytes: { delta: 0, inputs: 0 },
      bits: [],
      problems: [],
      words: [...simulation.words],
      seen: this.#connections.map((one, seat) => this.#received(one, seat, true)),
      refused: [],
      result: undefined,
      over: false,
      moment: this.#inspection.moment,
    };
  }

  #received({ encoder, decoder, words, redact }: Connection, seat: number, whole: boolean): SeenState {
    const { simulation, acks } = this.#match;
    const { layout, tick } = simulation;
    redact?.(seat);
    const bits = new Uint32Array(layout.words);
    let bytes = 0;
    try {
      if (!whole) codecOf(layout).addDeltaBits(decoder.words, words, bits);
      const frame = whole ? encoder.keyframe(tick, words, acks) : encoder.delta(tick, words, acks);
      if (whole) encoder.rebase(words, acks);
      bytes = frame.length;
      decoder.apply(frame);
    } catch {
      // The game threw in the middle, which is reported.
    }
    return {
      words: [...decoder.words],
      hash: decoder.hash(),
      same: words.every((word, i) => word === decoder.words[i]),
      bytes,
      bits: layout.slots.flatMap(({ path }, i) => ((bits[i] as number) > 1 ? [{ path, bits: bits[i] as number }] : [])),
    };
  }
}

function inputFieldsOf({ input }: Game): InputField[] | undefined {
  if (Object.values(input).some(({ kind }) => kind === "list")) return undefined;
  return layoutOf(input).slots.map(({ path, min, max }) => ({
    name: path,
    isFlag: input[path]?.kind === "flag",
    min,
    max,
  }));
}
