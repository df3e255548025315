// A row of the table: what one process may expect of another, and what it does when it does not get it. No I/O.

/** As in packages/runtime, which depends on this package: what is given up last comes first. */
export type Criticality = "critical-plus" | "critical" | "sheddable-plus" | "sheddable";

export type Kind =
  | "grpc unary"
  | "grpc stream"
  | "mariadb"
  | "kafka producer"
  | "kafka consumer"
  | "kafka admin"
  | "http"
  | "shard link";

/** Why there is none. */
export interface None {
  readonly none: string;
}

export interface Backoff {
  /** The longest delay before the second attempt; it doubles with each one, up to `maxMs`. */
  readonly firstMs: number;
  readonly maxMs: number;
  /** `full`: anywhere between nothing and the delay. Otherwise it is a library's, and the part of the delay that varies. */
  readonly jitter: "full" | "half" | "a fifth";
}

export interface RetryBudget {
  /** Of all calls, so many may be sent again. */
  readonly share: number;
  /** So many more at once: the calls in flight when a callee restarts. */
  readonly burst: number;
}

export interface Queue {
  readonly max: number;
  readonly waitMs: number;
  readonly because: string;
}

export interface BreakerFigures {
  /** Fewer calls than this within the window say nothing. */
  readonly volume: number;
  readonly failedPercent: number;
  readonly windowMs: number;
  /** How long nobody is asked; then one call tries, and the others are refused until it has ended. */
  readonly openMs: number;
}

export interface Figures {
  readonly kind: Kind;
  readonly connectMs: number;
  /** One attempt, once there is a connection. Infinity: it lasts until one side ends it. */
  readonly tryMs: number;
  /** All attempts, with the waits between them and for a connection. */
  readonly totalMs: number;
  /** With less time left than this it is not begun: about what the callee takes in half of all cases. */
  readonly floorMs: number;
  /** The first one included. Infinity: until it succeeds, or the process stops. */
  readonly attempts: number;
  readonly backoff: Backoff | None;
  /** May be sent again when nobody knows whether it was done. */
  readonly idempotent: boolean;
  readonly retryBudget: RetryBudget | None;
  /** At once. */
  readonly bulkhead: number;
  /** Undefined: nobody waits, what is beyond the bulkhead is refused. */
  readonly queue?: Queue;
  readonly breaker: BreakerFigures | None;
  /** Of a call that is made for nobody who has said more. */
  readonly criticality: Criticality;
  /** Of gRPC: the methods of this class, where their names do not say it. */
  readonly methods?: readonly string[];
  /** What has to happen before there is a client; undefined: it is there as soon as its process is. */
  readonly builtWhen?: string;
}

export interface Dependency extends Figures {
  readonly caller: string;
  /** As the table has it: `identity-service`, or `identity-service/delivery` for another contract of the same process. */
  readonly callee: string;
  readonly methodClass: string;
}

/** What one client is built from: its rows by method class. */
export type Dependencies<Classes extends string = string> = { readonly [C in Classes]: Dependency };

/** As log lines, metrics and documents name it. */
export function nameOf({ caller, callee, methodClass }: Pick<Dependency, "caller" | "callee" | "methodClass">): string {
  return `${caller} → ${callee}: ${methodClass}`;
}

export function isNone<T extends object>(value: T | None): value is None {
  return "none" in value;
}

/** @param attempt 1 before the second one */
export function backoffMs(backoff: Backoff | None, attempt: number, random = Math.random): number {
  if (isNone(backoff)) return 0;
  const delayMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** (attempt - 1));
  const fixed = { full: 0, half: 0.5, "a fifth": 0.8 }[backoff.jitter];
  return delayMs * (fixed + random() * (1 - fixed));
}

/** The same rows with figures that an operator has set. */
export function tuned<D extends Dependencies>(rows: D, change: (row: Dependency) => Partial<Figures>): D {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, ...change(row) }])) as D;
}
