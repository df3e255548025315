// A cursor that the REST contract lets through is looked at by the service that made it: what is none is `bad_cursor`, never a rule of gRPC that
// has no name outside.
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { readContract } from "./contract.ts";

const CONTRACTS = path.join(import.meta.dirname, "../../../contracts/services");

it("no service allows less of a cursor than the REST contract", () => {
  const longest = [...readContract().operations.values()].flatMap(({ schema }) => {
    const { properties = {} } = (schema.querystring ?? {}) as { properties?: Record<string, { maxLength?: number }> };
    return properties["cursor"] ? [properties["cursor"].maxLength ?? Infinity] : [];
  });
  const allowed = globSync("*/v2.proto", { cwd: CONTRACTS }).flatMap((file) =>
    [...readFileSync(path.join(CONTRACTS, file), "utf8").matchAll(/string cursor = \d+(?:.*max_len = (\d+))?/g)].map(
      ([, max]) => Number(max ?? Infinity),
    ),
  );
  expect([longest.length > 5, allowed.length > 5]).toEqual([true, true]);
  expect(Math.max(...longest)).toBeLessThanOrEqual(Math.min(...allowed));
});
