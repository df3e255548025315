// Reads environment variables into one frozen, typed object. All faults are reported at once; an invalid value never falls
// back to the default. Field names are the variables' names in lower camel case, without the service's prefix: LOG_LEVEL is
// config.logLevel, and with the prefix IDENTITY, IDENTITY_DB_URL is config.dbUrl.
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";

type Camel<S extends string> = S extends `${infer A}_${infer B}`
  ? `${Lowercase<A>}${Capitalize<Camel<B>>}`
  : Lowercase<S>;
type Key<S extends string, Prefix extends string> = S extends `${Prefix}_${infer Rest}` ? Camel<Rest> : Camel<S>;

export type Fields = Readonly<Record<string, TSchema>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export type ConfigOf<F extends Fields, Prefix extends string = ""> = {
  readonly [K in keyof F & string as Key<K, Prefix>]: Static<F[K]>;
};

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length} problem${problems.length === 1 ? "" : "s"}:\n  ${problems.join("\n  ")}`,
    );
    this.problems = problems;
  }
}

/** What `read` returns; for a bad configuration the process ends with its problems on stderr and exit code 2, as every process of ours. */
export function configOrExit<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    process.stderr.write(`${name}: ${err.message}\n`);
    process.exit(2);
  }
}

/**
 * Reads the fields from `env`. An empty string counts as absent, so that a value can be unset in an env file.
 * @throws ConfigError with every problem; secrets are never quoted.
 */
export function parseConfig<F extends Fields, const Prefix extends string = "">(
  fields: F,
  env: Environment,
  prefix?: Prefix,
): ConfigOf<F, Prefix> {
  refuseTwins(Object.keys(fields), prefix);
  const problems: string[] = [];
  const result: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const raw = env[name];
    if (raw === undefined || raw === "") {
      const old = formerName(schema, env);
      if (old !== undefined) {
        problems.push(`${old} is now called ${name}: rename it`);
        continue;
      }
      if (schema["default"] === undefined) problems.push(`${name} is missing: ${schema.description}`);
      else result[keyOf(name, prefix)] = schema["default"];
      continue;
    }
    const value = convert(schema, raw);
    const error =
      value === undefined
        ? "has the wrong form"
        : (Value.Errors(schema, value).First()?.message ?? urlProblem(schema, raw));
    if (error) problems.push(`${name}=${quoted(schema, raw)}: ${error} (${expected(schema)}): ${schema.description}`);
    else result[keyOf(name, prefix)] = value;
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(result) as ConfigOf<F, Prefix>;
}

/** Without its prefix a service's variable may have the name of a library's: one value would silently be the other's. @throws Error */
function refuseTwins(names: readonly string[], prefix?: string): void {
  const byKey = new Map<string, string>();
  for (const name of names) {
    const key = keyOf(name, prefix);
    const twin = byKey.get(key);
    if (twin !== undefined) throw new Error(`${twin} and ${name} are both ${key} of the configuration: rename one`);
    byKey.set(key, name);
  }
}

/**
 * The earlier name of a field, where it is set: a value that nobody reads any more would silently be the default. With both names set
 * the earlier one is an unknown variable and only warned of, so that two releases can run with the same environment during an upgrade.
 */
function formerName(schema: TSchema, env: Environment): string | undefined {
  const old = schema["formerly"] as string | undefined;
  return old !== undefined && env[old] !== undefined && env[old] !== "" ? old : undefined;
}

/** What Kubernetes puts into every container for a Service of the same name. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)/;

/**
 * Variables that begin as this process's own do and are none of them: misspelt, or of another release. No reason not to start,
 * for a release may run with the variables of the next one.
 */
export function unknownVariables(fields: Fields, env: Environment, prefix: string): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!name.startsWith(`${prefix}_`) || name in fields || value === undefined) return [];
    return SERVICE_LINK.test(name) || value.startsWith("tcp://") ? [] : [name];
  });
}

/** The variables that say where a process listens, as they were read: each host and port. */
export function listeningVariables(
  fields: Fields,
  config: object,
  prefix?: string,
): Readonly<Record<string, string | number>> {
  const values = config as Readonly<Record<string, string | number>>;
  const names = Object.keys(fields).filter((name) => /_(HOST|PORT)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, values[keyOf(name, prefix)] as string | number]));
}

/** A value for an error message. One that has a password in it is not shown at all: what is misspelt cannot be taken apart. */
function quoted(schema: TSchema, raw: string): string {
  return schema["secret"] || schema["credentials"] ? "***" : JSON.stringify(raw.replace(/^.*@/s, "***@"));
}

/** What the pattern of a `url` cannot tell. */
function urlProblem(schema: TSchema, raw: string): string | undefined {
  if (!schema["url"]) return undefined;
  if (!URL.canParse(raw)) return "is not a URL; write characters like / or @ in a password as %2F and %40";
  const { hostname, protocol, pathname } = new URL(raw);
  if (hostname === "") return "has no host";
  return protocol === "mysql:" && pathname.length < 2 ? "has no database name after the host" : undefined;
}

/** The configuration for a log line: secrets as `***`, passwords inside URLs too. */
export function redacted(
  fields: Fields,
  config: Readonly<Record<string, unknown>>,
  prefix?: string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, schema]) => {
      const value = config[keyOf(name, prefix)];
      if (schema["secret"]) return [name, "***"];
      return [name, typeof value === "string" ? value.replace(/(:\/\/[^:/@]*:)[^@/]*@/, "$1***@") : value];
    }),
  );
}

/** The fields as a Markdown table, for a service's README. */
export function configTable(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, schema]) => {
    const fallback =
      schema["default"] === undefined
        ? "required"
        : `\`${typeof schema["default"] === "object" ? "see source" : String(schema["default"])}\``;
    return `| \`${name}\` | ${expected(schema)} | ${fallback} | ${schema.description} |`;
  });
  return ["| variable | type | default | what |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function convert(schema: TSchema, raw: string): unknown {
  if (schema["json"]) {
    try {
      return JSON.parse(raw) as unknown;
    } catch {
      return undefined;
    }
  }
  if (schema["type"] === "integer") return /^-?\d{1,16}$/.test(raw) ? Number(raw) : undefined;
  if (schema["type"] === "boolean") return raw === "true" ? true : raw === "false" ? false : undefined;
  return raw;
}

function expected(schema: TSchema): string {
  if (schema["json"]) return "JSON";
  if (schema["anyOf"]) return (schema["anyOf"] as { const: string }[]).map((v) => v.const).join(" or ");
  if (schema["type"] === "integer")
    return `integer ${schema["minimum"]} to ${schema["maximum"] === Number.MAX_SAFE_INTEGER ? "2^53-1" : schema["maximum"]}`;
  if (schema["type"] === "boolean") return "true or false";
  return schema["secret"] ? "secret" : "text";
}

function keyOf(name: string, prefix = ""): string {
  const own = prefix !== "" && name.startsWith(`${prefix}_`) ? name.slice(prefix.length + 1) : name;
  return own.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
