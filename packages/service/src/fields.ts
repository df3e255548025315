import { type ConfigOf, type Environment, type Fields, int, parseConfig, text } from "@muster/config";
import { logConfig } from "@muster/log";
import { tracingConfig } from "@muster/tracing";
import type { TUnsafe } from "@sinclair/typebox";

/** What the configuration of every process says, whatever its prefix. */
export interface ServiceConfig extends ConfigOf<typeof tracingConfig> {
  readonly logLevel: string;
  readonly host: string;
  readonly adminPort: number;
  readonly stopWithinMs: number;
}

/** The environment variables of one service: its own begin with `prefix`, as CHAT_HOST does, which is `host` once it is read. */
export interface Configuration<C, F extends Fields = Fields> {
  readonly prefix: string;
  readonly fields: F;
  /** @throws ConfigError */
  readonly read: (env: Environment) => C;
}

export type ConfigFrom<T> = T extends { readonly read: (...args: never[]) => infer C } ? C : never;

export interface StandardFields<L extends Fields> {
  /** Ports by variable beside the admin port's: see `port`. */
  readonly listens: L;
  readonly adminPort: number;
  readonly stopWithinMs?: { readonly default?: number; readonly max?: number };
}

export function port(standard: number, description: string): TUnsafe<number> {
  return int({ default: standard, max: 65_535, description: `${description}; 0 takes a free port` });
}

/** The standard variables of a process with this prefix, and its own, whose names are written in full so that they can be found. */
export function serviceConfig<const P extends string, L extends Fields, O extends Fields>(
  prefix: P,
  standard: StandardFields<L>,
  own: O,
): Configuration<ServiceConfig & ConfigOf<L & O, P>, L & O> {
  const fields = standardFields(prefix, standard, own);
  return {
    prefix,
    fields: fields as unknown as L & O,
    read: (env) => parseConfig(fields, env, prefix) as unknown as ServiceConfig & ConfigOf<L & O, P>,
  };
}

/** Of a process that serves calls: what it does when it has too much to do (createLoadControl of packages/runtime). */
export function loadFields<const P extends string>(prefix: P, of = "calls"): LoadFields<P> {
  return {
    [`${prefix}_CALLS_IN_FLIGHT_MIN`]: int({
      default: 32,
      min: 1,
      max: 10_000,
      description: `${of} that may be in flight however slow they are, calls; less critical ones have a share of it`,
    }),
    [`${prefix}_CALLS_IN_FLIGHT_MAX`]: int({
      default: 320,
      min: 1,
      max: 10_000,
      description: `${of} that may be in flight at most, calls; the limit follows from how long they take, and never leaves these two`,
    }),
    [`${prefix}_EVENT_LOOP_LATE_MS`]: int({
      default: 250,
      min: 10,
      max: 10_000,
      description:
        "a later event loop refuses sheddable calls; twice as late also sheddable-plus ones, four times also critical ones",
    }),
  } as unknown as LoadFields<P>;
}

type LoadFields<P extends string> = Readonly<
  Record<`${P}_CALLS_IN_FLIGHT_MIN` | `${P}_CALLS_IN_FLIGHT_MAX` | `${P}_EVENT_LOOP_LATE_MS`, TUnsafe<number>>
>;

export interface LoadConfig {
  readonly callsInFlightMin: number;
  readonly callsInFlightMax: number;
  readonly eventLoopLateMs: number;
}

/** In the order in which a README lists them. */
export function standardFields(
  prefix: string,
  { listens, adminPort, stopWithinMs = {} }: StandardFields<Fields>,
  own: Fields,
  libraries: Fields = {},
): Fields {
  return {
    ...logConfig,
    ...tracingConfig,
    ...libraries,
    [`${prefix}_HOST`]: text({ default: "127.0.0.1", description: "address to listen on" }),
    ...listens,
    [`${prefix}_ADMIN_PORT`]: port(adminPort, "health and metrics"),
    ...own,
    [`${prefix}_STOP_WITHIN_MS`]: int({
      default: stopWithinMs.default ?? 10_000,
      min: 100,
      max: stopWithinMs.max ?? 300_000,
      description: "maximum time for a stop; after it the process exits anyway",
    }),
  };
}
