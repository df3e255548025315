// Is what was sent there yet? Bytes do not tell: the kernels between us and a client that does not read take megabytes, minutes
// of a match. So now and then a WebSocket ping goes between the frames, and its pong says that everything before it has been
// read. Without one for GATEWAY_STALE_MS the frames in between are worth nothing any more: snapshots are left out, and the
// answer brings a keyframe.
import type { ConnectionParts } from "./connection-parts.ts";
import type { Outbound } from "./outbound.ts";

export interface LineCheckOptions {
  readonly staleMs: number;
  /** Not to be guessed by who has not read it: 32 bits. */
  readonly nonce: () => number;
  /** Of an answer, milliseconds. */
  readonly onRoundTrip: (ms: number) => void;
  readonly onStale: () => void;
}

/** While all is well it is asked so often, in times of what makes it stale. After it was stale: at every sweep. */
const EVERY_STALE_TIMES = 2;
/** Answers in time until all is well again. */
const GOOD_ANSWERS = 4;
const PAYLOAD_BYTES = 4;

export class LineCheck {
  readonly #options: LineCheckOptions;
  readonly #outbound: Outbound;
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  /** On the clock of performance.now(); undefined when it is answered. */
  #askedAt: number | undefined;
  #answeredAt = 0;
  /** To come until all is well again. */
  #onProbation = 0;

  constructor(outbound: Outbound, options: LineCheckOptions) {
    this.#outbound = outbound;
    this.#options = options;
  }

  /** Some times a second. */
  sweep(now: number): void {
    if (this.#askedAt === undefined) {
      if (this.#onProbation > 0 || now - this.#answeredAt >= this.#options.staleMs * EVERY_STALE_TIMES) this.ask(now);
    } else if (now - this.#askedAt >= this.#options.staleMs && !this.#outbound.stale) {
      this.#outbound.setStale(this.#askedAt);
      this.#onProbation = GOOD_ANSWERS;
      this.#options.onStale();
    }
  }

  ask(now: number): void {
    if (this.#askedAt !== undefined) return;
    new DataView(this.#payload.buffer).setUint32(0, this.#options.nonce());
    if (this.#outbound.ping(this.#payload)) this.#askedAt = now;
  }

  /** @returns true when it is the answer, and the line was stale until now */
  onPong(payload: Uint8Array, now: number): boolean {
    if (this.#askedAt === undefined || !same(payload, this.#payload)) return false;
    this.#options.onRoundTrip(now - this.#askedAt);
    this.#askedAt = undefined;
    this.#answeredAt = now;
    if (this.#outbound.stale) {
      this.#outbound.setFresh();
      return true;
    }
    if (this.#onProbation > 0) this.#onProbation--;
    return false;
  }
}

export function lineCheckOf(outbound: Outbound, { limits, nonce, metrics }: ConnectionParts): LineCheck {
  return new LineCheck(outbound, {
    staleMs: limits.staleMs,
    nonce,
    onRoundTrip: (ms) => metrics.roundTrip(ms),
    onStale: () => metrics.stale(),
  });
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
