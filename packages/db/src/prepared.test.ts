import { Kysely, sql } from "kysely";
import type { Pool } from "mariadb";
import { describe, expect, it } from "vitest";
import { MariadbDialect } from "./dialect.ts";
import { prepared } from "./prepared.ts";

interface Tables {
  things: { id: string; kind: string };
}

/** Answers every statement with its own text and values. */
function echoing(): { db: Kysely<Tables>; sent: [string, readonly unknown[]][] } {
  const sent: [string, readonly unknown[]][] = [];
  const connection = {
    query: async (text: string, values: unknown[]) => (sent.push([text, [...values]]), []),
    release: async () => undefined,
  };
  const pool = {
    getConnection: async () => connection,
    end: async () => undefined,
    on: () => undefined,
  } as unknown as Pool;
  return {
    db: new Kysely<Tables>({
      dialect: new MariadbDialect(pool, {
        acquireMs: 1000,
        waitingMax: 10,
        statementMs: 1000,
        answerMs: 0,
        floorMs: 1,
      }),
    }),
    sent,
  };
}

describe("a prepared statement", () => {
  it("is built once per number of values, and sent with the values of each call", async () => {
    const { db, sent } = echoing();
    let built = 0;
    const byId = prepared((on: Kysely<Tables>, ids: readonly string[]) => {
      built++;
      return on.selectFrom("things").select("kind").where("id", "in", ids);
    });
    await byId(db, ["a", "b"]);
    await byId(db, ["c", "d"]);
    await byId(db, ["e"]);
    expect(built).toBe(2);
    expect(sent.map(([, values]) => values)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    expect(sent[0]?.[0]).toBe(sent[1]?.[0]);
  });

  it("refuses a statement that takes its values in another order: the next call would mix them up", async () => {
    const { db } = echoing();
    const swapped = prepared((on: Kysely<Tables>, [id, kind]: readonly [string, string]) =>
      on.selectFrom("things").select("id").where("kind", "=", kind).where(sql<boolean>`id = ${id}`),
    );
    await expect(swapped(db, ["1", "x"])).rejects.toThrow("not in its order");
  });
});
