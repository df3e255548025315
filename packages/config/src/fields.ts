// The types of configuration fields. Each is a JSON Schema (TypeBox) for the converted value, with the sentence that the
// README table shows. Units are at the end of the name: TIMEOUT_MS, QUEUE_BYTES_MAX. A renamed field gives its old name in
// `formerly`: setting the old name is an error whose message gives the new one.
import { type TSchema, type TUnsafe, Type } from "@sinclair/typebox";

interface Options<T> {
  readonly default?: T;
  readonly description: string;
  /** The variable's name in earlier releases: a process refuses to start with it, unless the new name is set as well. */
  readonly formerly?: string;
}

export function text(options: Options<string> & { pattern?: string; minLength?: number }): TUnsafe<string> {
  return Type.Unsafe<string>(Type.String({ minLength: 1, ...options }));
}

export function url(options: Options<string> & { protocols: readonly string[] }): TUnsafe<string> {
  const { protocols, ...rest } = options;
  const pattern = `^(${protocols.map((p) => p.replace(":", "")).join("|")})://[^\\s]+$`;
  const credentials = protocols.includes("mysql:");
  return Type.Unsafe<string>(Type.String({ ...rest, pattern, url: true, credentials }));
}

export function int(options: Options<number> & { min?: number; max?: number }): TUnsafe<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, ...rest } = options;
  return Type.Unsafe<number>(Type.Integer({ ...rest, minimum: min, maximum: max }));
}

export function bool(options: Options<boolean>): TUnsafe<boolean> {
  return Type.Unsafe<boolean>(Type.Boolean(options));
}

export function oneOf<const T extends string>(values: readonly T[], options: Options<T>): TUnsafe<T> {
  return Type.Unsafe<T>(Type.Union(values.map((v) => Type.Literal(v)) as unknown as [TSchema, TSchema], options));
}

/** A value that never appears in a log or an error message. */
export function secret(options: Omit<Options<string>, "default"> & { minLength?: number }): TUnsafe<string> {
  return Type.Unsafe<string>(Type.String({ minLength: 16, ...options, secret: true }));
}

/** A secret of an exact length, written as hexadecimal digits. */
export function bytes(options: Omit<Options<string>, "default"> & { length: number }): TUnsafe<string> {
  const { length, ...rest } = options;
  return Type.Unsafe<string>(Type.String({ ...rest, pattern: `^[0-9a-fA-F]{${length * 2}}$`, secret: true }));
}

/** One key, or during a change of keys two or three, comma-separated: the first is used, all are accepted. As text: see `keysOf`. */
export function keys(options: Omit<Options<string>, "default"> & { length: number }): TUnsafe<string> {
  const { length, ...rest } = options;
  const key = `[0-9a-fA-F]{${length * 2}}`;
  return Type.Unsafe<string>(Type.String({ ...rest, pattern: `^${key}(,${key}){0,2}$`, secret: true }));
}

/** The keys of such a field; there is a first. */
export function keysOf(text: string): readonly [Buffer, ...Buffer[]] {
  const [first = "", ...more] = text.split(",");
  return [Buffer.from(first, "hex"), ...more.map((key) => Buffer.from(key, "hex"))];
}

/** A JSON document that fits the given schema. */
export function json<T>(schema: TSchema, options: Options<T>): TUnsafe<T> {
  return Type.Unsafe<T>({ ...schema, ...options, json: true });
}
