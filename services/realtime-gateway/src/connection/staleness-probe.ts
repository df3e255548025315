// Finds out whether the client has read what was sent to it. The number of unsent bytes does not tell: the kernels between us
// and a client that does not read buffer megabytes, which is minutes of a match. So a WebSocket ping is sent between the
// frames now and then; its pong proves that everything before it has been read. If no pong arrives within GATEWAY_STALE_MS,
// the connection is stale: it gets no more snapshots until a pong arrives, and then a keyframe.
import type { ConnectionParts } from "./connection-parts.ts";
import type { Outbound } from "./outbound.ts";

export interface StalenessProbeOptions {
  readonly staleMs: number;
  /** 32 bits that a client which has not read the ping cannot guess. */
  readonly nonce: () => number;
  /** Time from ping to pong, milliseconds. */
  readonly onRoundTrip: (ms: number) => void;
  readonly onStale: () => void;
}

/** Interval of the pings, in multiples of `staleMs`. After the connection was stale: at every sweep. */
const EVERY_STALE_TIMES = 2;
/** Timely pongs until the interval is back to normal. */
const GOOD_ANSWERS = 4;
const PAYLOAD_BYTES = 4;

export class StalenessProbe {
  readonly #options: StalenessProbeOptions;
  readonly #outbound: Outbound;
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  /** On the clock of performance.now(); undefined when no ping is unanswered. */
  #askedAt: number | undefined;
  #answeredAt = 0;
  /** Timely pongs still needed. */
  #onProbation = 0;

  constructor(outbound: Outbound, options: StalenessProbeOptions) {
    this.#outbound = outbound;
    this.#options = options;
  }

  /** Called a few times a second. */
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

  /** @returns true if it answers the last ping and the connection was stale until now */
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

export function stalenessProbeOf(outbound: Outbound, { limits, nonce, metrics }: ConnectionParts): StalenessProbe {
  return new StalenessProbe(outbound, {
    staleMs: limits.staleMs,
    nonce,
    onRoundTrip: (ms) => metrics.roundTrip(ms),
    onStale: () => metrics.stale(),
  });
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
