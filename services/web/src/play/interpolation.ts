// Draws between the states that arrive, a fixed time in the past: what arrives late by less than that is not seen as a jump.
// After Y. Bernier, "Latency Compensating Methods in Client/Server In-game Protocol Design and Optimization" (2001), section
// "Display of Targets".
import type { Fields, StateOf } from "@muster/game-kit";
import type { Moment } from "./feed.ts";

const KEPT = 32;
/** Ticks behind the newest state: a frame may be this late. */
const DELAY_TICKS = 2;
/** Share of a later arrival by which the clock follows it: the link has become slower. */
const FOLLOW = 0.05;
/** Nothing came for so long, or the tick jumped: the clock starts anew. */
const ANEW_MS = 500;

export class Interpolation<S extends Fields> {
  readonly #tickMs: number;
  readonly #states: { readonly tick: number; readonly state: StateOf<S> }[] = [];
  /** When tick 0 would have arrived, ms. */
  #origin: number | undefined;

  constructor(tickRate: number) {
    this.#tickMs = 1000 / tickRate;
  }

  /** @param state is kept: pass a copy */
  add(tick: number, state: StateOf<S>, now: number): void {
    const origin = now - tick * this.#tickMs;
    if (this.#origin === undefined || Math.abs(origin - this.#origin) > ANEW_MS) this.#origin = origin;
    else if (origin < this.#origin) this.#origin = origin;
    else this.#origin += (origin - this.#origin) * FOLLOW;
    const last = this.#states.at(-1);
    if (last && tick <= last.tick) this.#states.length = 0;
    this.#states.push({ tick, state });
    if (this.#states.length > KEPT) this.#states.shift();
  }

  at(now: number): Moment<S> | undefined {
    const last = this.#states.at(-1);
    if (!last || this.#origin === undefined) return undefined;
    const wanted = (now - this.#origin) / this.#tickMs - DELAY_TICKS;
    const next = this.#states.findIndex(({ tick }) => tick > wanted);
    if (next === -1) return { from: last.state, to: last.state, share: 1, tick: last.tick };
    const to = this.#states[next] as { tick: number; state: StateOf<S> };
    const from = this.#states[next - 1] ?? to;
    const share = from.tick === to.tick ? 1 : (wanted - from.tick) / (to.tick - from.tick);
    return { from: from.state, to: to.state, share, tick: from.tick };
  }
}
