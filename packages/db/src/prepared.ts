import { isDeepStrictEqual } from "node:util";
import type { Compilable, CompiledQuery, Kysely } from "kysely";

/** Texts kept per statement: one for every number of values. */
const TEXTS_MAX = 512;

/**
 * A statement that is built and compiled once for every number of values that it takes, and then only sent. For the
 * hot paths: building one costs Kysely about as much as the database's round trip costs the process.
 *
 * `build` gets the values in the order in which the statement's text has them, and uses each of them exactly once.
 */
export function prepared<Tables, Values extends readonly unknown[], Row>(
  build: (db: Kysely<Tables>, values: Values) => Compilable<Row>,
): (db: Kysely<Tables>, values: Values) => Promise<Row[]> {
  const texts = new Map<number, CompiledQuery<Row>>();
  return async (db, values) => {
    let compiled = texts.get(values.length);
    if (!compiled) {
      compiled = build(db, values).compile();
      if (!isDeepStrictEqual(compiled.parameters, values))
        throw new Error(`the values of "${compiled.sql}" are not in its order`);
      if (texts.size < TEXTS_MAX) texts.set(values.length, compiled);
    }
    const { rows } = await db.executeQuery<Row>({ ...compiled, parameters: values });
    return rows;
  };
}
