// Which replica of a callee is left out for a while: one that lets calls wait for ever, or fails them, while others answer. What none of
// them does well leaves none out: that is for deadlines and circuit breakers.
import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { parseGrpcTimeout } from "./grpc-timeout.ts";
import { PUSHBACK } from "./shed.ts";

/** So many of its calls in a row without an answer, or with one that says that it failed. */
const FAILURES_MAX = 5;
/** For this long at first, then twice as long each time until a call succeeds. */
const LEFT_OUT_MS_FIRST = 5000;
const LEFT_OUT_MS_MAX = 60_000;
/** A call that ends without an answer after this share of its time has ended because of its deadline; before it, its caller has gone. */
const DEADLINE_SHARE = 0.9;
/** unknown, internal, unavailable */
const FAULTS: ReadonlySet<string> = new Set(["2", "13", "14"]);
/** A replica with so many more calls under way than twice the least busy one's gets no more: it is slower, or stands still. */
const CALLS_AHEAD_MAX = 4;

export class ReplicaHealth {
  /** Unary calls: streams go on for hours. */
  underWay = 0;
  readonly #firstMs: number;
  readonly #onFailed: (health: ReplicaHealth) => boolean;
  #failures = 0;
  #failingSince = 0;
  #answeredAt = 0;
  #leftOutMs = 0;
  #until = 0;

  /** `onFailed`: of a call too many. @returns whether it may be left out */
  constructor(onFailed: (health: ReplicaHealth) => boolean, firstMs = LEFT_OUT_MS_FIRST) {
    this.#onFailed = onFailed;
    this.#firstMs = firstMs;
  }

  get isLeftOut(): boolean {
    return this.#leftOutMs > 0;
  }

  /** It has answered since the other one began to fail. */
  isBetterThan(other: ReplicaHealth): boolean {
    return this !== other && this.#failures === 0 && this.#answeredAt > other.#failingSince;
  }

  /** Gets calls: all of its share, or one to see whether it is well again. */
  takes(now: number): boolean {
    return !this.isLeftOut || (now >= this.#until && this.underWay === 0);
  }

  /** A call was sent. */
  watch(stream: ClientHttp2Stream, headers: OutgoingHttpHeaders): void {
    const timeoutMs = parseGrpcTimeout(String(headers["grpc-timeout"] ?? ""));
    if (timeoutMs === undefined) return;
    const since = performance.now();
    this.underWay++;
    let answer: IncomingHttpHeaders | undefined;
    stream.once("response", (head) => (answer = head));
    stream.once("trailers", (trailers) => (answer = { ...answer, ...trailers }));
    stream.once("close", () => {
      this.underWay--;
      if (answer) this.#ended(FAULTS.has(String(answer["grpc-status"])) && answer[PUSHBACK] === undefined);
      else if (performance.now() - since >= timeoutMs * DEADLINE_SHARE) this.#ended(true);
    });
  }

  /** It does not even answer pings. */
  stuck(): void {
    this.#failures = Math.max(this.#failures, FAILURES_MAX - 1);
    this.#ended(true);
  }

  #ended(failed: boolean): void {
    const now = performance.now();
    if (!failed) {
      this.#failures = this.#leftOutMs = 0;
      this.#answeredAt = now;
      return;
    }
    if (this.#failures === 0) this.#failingSince = now;
    if (++this.#failures < FAILURES_MAX || (this.isLeftOut && now < this.#until)) return; // what was under way says nothing new
    if (!this.isLeftOut && !this.#onFailed(this)) return;
    this.#leftOutMs = Math.min(LEFT_OUT_MS_MAX, this.#leftOutMs * 2 || this.#firstMs);
    this.#until = now + this.#leftOutMs;
  }
}

/** Those that get the next calls. All, when none would: a call that may fail is better than none. */
export function healthy<T extends { readonly health: ReplicaHealth }>(
  replicas: readonly T[],
  now: number,
): readonly T[] {
  if (replicas.length < 2) return replicas;
  const taking = replicas.filter(({ health }) => health.takes(now));
  const callsMax = 2 * Math.min(...taking.map(({ health }) => health.underWay)) + CALLS_AHEAD_MAX;
  const free = taking.filter(({ health }) => health.underWay <= callsMax);
  return free.length > 0 ? free : replicas;
}
