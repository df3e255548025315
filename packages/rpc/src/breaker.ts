// Stops asking a service that takes calls and fails them, or lets them wait until their deadline. One that cannot be connected to is refused
// by the channel already, and is there again with the connection.
import { commonError } from "@muster/errors";
import type { Logger } from "@muster/log";
import { type BreakerFigures, type Dependency, nameOf } from "@muster/resilience";
import type { Metrics } from "@muster/runtime";
import CircuitBreaker from "opossum";
import { Counter, Gauge } from "prom-client";
import { NotConnectedError } from "./channel.ts";
import { toAppError } from "./errors.ts";
import { transportFailureOf } from "./transport.ts";

/** Only these say that the service is away; everything else is an answer, or a caller that has gone. */
const AWAY: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded"]);

export interface BreakerParts {
  readonly metrics?: Metrics | undefined;
  readonly log?: Logger | undefined;
}

type State = "closed" | "half-open" | "open";

/** One for each row that a client is built from. */
export class Breaker {
  readonly #openMs: number;
  readonly #circuit: CircuitBreaker<[() => Promise<unknown>], unknown>;
  readonly #count: ((state: State) => void) | undefined;

  constructor(row: Dependency, { volume, failedPercent, windowMs, openMs }: BreakerFigures, parts: BreakerParts = {}) {
    this.#openMs = openMs;
    this.#circuit = new CircuitBreaker((call: () => Promise<unknown>) => call(), {
      timeout: false, // calls have deadlines of their own, at which they are aborted
      volumeThreshold: volume,
      errorThresholdPercentage: failedPercent,
      rollingCountTimeout: windowMs,
      resetTimeout: openMs,
      enableSnapshots: false,
      errorFilter: (thrown: unknown) => !isAway(thrown),
    });
    this.#count = parts.metrics && breakerMetrics(parts.metrics).add(row, () => this.state);
    const name = nameOf(row);
    const say = (state: State, level: "warn" | "info", words: string): void => {
      this.#count?.(state);
      parts.log?.[level]({ dependency: name, state }, words);
    };
    this.#circuit.on("open", () => say("open", "warn", "circuit breaker opened: most of the last calls failed"));
    this.#circuit.on("halfOpen", () => say("half-open", "info", "circuit breaker lets one call try"));
    this.#circuit.on("close", () => say("closed", "info", "circuit breaker closed: calls are answered again"));
  }

  /** @throws whatever `call` throws; AppError unavailable, with `retryAfterS`, while nobody is asked */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return (await this.#circuit.fire(call)) as T;
    } catch (thrown) {
      if ((thrown as { code?: unknown } | undefined)?.code !== "EOPENBREAKER") throw thrown;
      throw commonError("unavailable", { details: { retryAfterS: Math.ceil(this.#openMs / 1000) } });
    }
  }

  get state(): State {
    if (this.#circuit.opened) return "open";
    return this.#circuit.halfOpen ? "half-open" : "closed";
  }

  /** Why nobody is asked; undefined while calls go through, or the next one will. */
  get reason(): string | undefined {
    return this.#circuit.opened ? "most of the last calls failed" : undefined;
  }

  stop(): void {
    this.#circuit.shutdown();
  }
}

function isAway(thrown: unknown): boolean {
  return AWAY.has(toAppError(thrown).code) && !(transportFailureOf(thrown)?.cause instanceof NotConnectedError);
}

interface BreakerMetrics {
  /** @returns counts a change of its state */
  add(row: Dependency, state: () => State): (state: State) => void;
}

const LABELS = ["caller", "callee", "methods"] as const;
const STATES: Readonly<Record<State, number>> = { closed: 0, "half-open": 1, open: 2 };
/** Of a process: several clients may be built from one row, one for each instance that its caller knows by name. */
const known = new WeakMap<Metrics, BreakerMetrics>();

function breakerMetrics(metrics: Metrics): BreakerMetrics {
  const made = known.get(metrics);
  if (made) return made;
  const breakers: { readonly row: Dependency; readonly state: () => State }[] = [];
  new Gauge({
    name: "circuit_breaker_state",
    help: "0 closed: calls go through; 1 half-open: one call tries; 2 open: nobody is asked. Of several instances, the worst",
    labelNames: LABELS,
    registers: [metrics],
    collect() {
      this.reset();
      const worst = new Map<string, { readonly row: Dependency; value: number }>();
      for (const { row, state } of breakers) {
        const one = worst.get(nameOf(row)) ?? { row, value: 0 };
        one.value = Math.max(one.value, STATES[state()]);
        worst.set(nameOf(row), one);
      }
      for (const { row, value } of worst.values()) this.set(labelsOf(row), value);
    },
  });
  const changes = new Counter({
    name: "circuit_breaker_changes_total",
    help: "Changes of a circuit breaker's state, by the state that it came to",
    labelNames: [...LABELS, "state"],
    registers: [metrics],
  });
  const added: BreakerMetrics = {
    add(row, state) {
      breakers.push({ row, state });
      return (to) => changes.inc({ ...labelsOf(row), state: to });
    },
  };
  known.set(metrics, added);
  return added;
}

export function labelsOf({ caller, callee, methodClass }: Dependency): Record<(typeof LABELS)[number], string> {
  return { caller, callee, methods: methodClass };
}
