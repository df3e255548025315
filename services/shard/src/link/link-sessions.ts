// On the hot path, once per input: design/realtime/performance.md.
//
// The players behind a link, by link session: the number that the gateway gives to a socket. A gateway numbers from 1 and
// reuses freed numbers.
import type { LinkSession } from "../tick/subscribers.ts";
import type { InputRefusal, InputRings } from "../tick/input-rings.ts";
import { prefetchInput } from "../tick/prefetch.ts";
import type { Match } from "../match/match.ts";

export interface Seated {
  readonly session: LinkSession;
  readonly match: Match;
  readonly seat: number;
}

/** Per session: the ring that its inputs go to, 0 when they go to the match itself; and the match that owns the ring. */
const RING = 0;
const OWNER = 1;
const EACH = 2;

export class LinkSessions {
  readonly #rings: InputRings;
  readonly #seated: (Seated | undefined)[] = [];
  /** All that an input needs: neither the match nor its seat is read. */
  #targets = new Int32Array(EACH * 256);

  constructor(rings: InputRings) {
    this.#rings = rings;
  }

  set(id: number, seated: Seated): void {
    this.#seated[id] = seated;
    if ((id + 1) * EACH > this.#targets.length) {
      const bigger = new Int32Array(Math.max(this.#targets.length * 2, (id + 1) * EACH));
      bigger.set(this.#targets);
      this.#targets = bigger;
    }
    this.#targets[id * EACH + RING] = seated.match.inputRing(seated.seat) ?? 0;
    this.#targets[id * EACH + OWNER] = seated.match.channel;
  }

  /** @returns who it was */
  delete(id: number): Seated | undefined {
    const seated = this.#seated[id];
    if (!seated) return undefined;
    this.#seated[id] = undefined;
    this.#targets[id * EACH + RING] = 0;
    return seated;
  }

  /** @returns who was there */
  clear(): Seated[] {
    const all = this.#seated.filter((seated) => seated !== undefined);
    this.#seated.length = 0;
    this.#targets.fill(0);
    return all;
  }

  /** The hot path: the input is `bytes` from `from` to `to`. */
  accept(id: number, seq: number, tick: number, bytes: Uint8Array, from: number, to: number): InputRefusal | undefined {
    const at = id * EACH;
    const ring = this.#targets[at + RING];
    if (ring) return this.#rings.accept(ring, this.#targets[at + OWNER] as number, seq, tick, bytes, from, to);
    const seated = this.#seated[id];
    return seated ? seated.match.input(seated.seat, seq, tick, bytes, from, to) : "not_in_match";
  }

  /** An input of this session follows soon, behind others of the same chunk. */
  prefetch(id: number): void {
    const ring = this.#targets[id * EACH + RING];
    if (ring) prefetchInput(this.#rings, ring);
  }
}
