// The link between one client and its match. Messages come in order, as by a WebSocket: what was lost is sent again, and what is
// behind it waits. Its time is the match's ticks, so a paused match has a paused link.
import { Random } from "@muster/game-kit";
import type { InputValues, ShownLink } from "./messages.ts";

/** How long it takes until a lost packet has been sent again. */
const SENT_AGAIN_MS = 200;
/** Of inputs that are on their way: more are not accepted from the page. */
const INPUTS_MAX = 256;

interface Waiting<T> {
  readonly value: T;
  readonly at: number;
}

export class ClientLink {
  quality: ShownLink = { latencyMs: 0, lossPercent: 0 };
  /** The newest tick that has reached the client. */
  tick = 0;
  #down: Waiting<number>[] = [];
  #up: Waiting<InputValues>[] = [];
  readonly #rng = new Random({ words: new Int32Array(1) }, 0);
  readonly #msPerTick: number;

  /** `tickRate` 0: a game of turns, whose ticks are no measure of time; its links have no latency. */
  constructor(seat: number, tickRate: number) {
    this.#rng.seed(seat);
    this.#msPerTick = tickRate > 0 ? 1000 / tickRate : 0;
  }

  /** Everything has arrived; what was on its way up is forgotten. */
  reset(tick: number): void {
    this.tick = tick;
    this.#down = [];
    this.#up = [];
  }

  /** The match has made this step. */
  stepped(tick: number): void {
    this.#down.push({ value: tick, at: this.#arrival(tick) });
    while (this.#down[0] && this.#down[0].at <= tick) this.tick = (this.#down.shift() as Waiting<number>).value;
  }

  send(values: InputValues, tick: number): void {
    if (this.#up.length < INPUTS_MAX) this.#up.push({ value: values, at: this.#arrival(tick) });
  }

  /** What the next step gets. Of held inputs the newest; of others one, and the rest follows with the next steps. */
  take(tick: number, held: boolean): InputValues | undefined {
    let taken: InputValues | undefined;
    while (this.#up[0] && this.#up[0].at <= tick && (held || taken === undefined))
      taken = (this.#up.shift() as Waiting<InputValues>).value;
    return taken;
  }

  /** What is in front of it in its queue may keep it longer. */
  #arrival(tick: number): number {
    if (this.#msPerTick === 0) return tick;
    const { latencyMs, lossPercent } = this.quality;
    const lost = this.#rng.below(10_000) < lossPercent * 100;
    const ticks = Math.round((latencyMs + (lost ? SENT_AGAIN_MS : 0)) / this.#msPerTick);
    return tick + ticks;
  }
}
