// The REST contract says which codes each operation may answer; packages/testkit compares them with every answer that any test receives.
import { restErrors } from "@muster/testkit/rest-errors";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readContract } from "./contract.ts";

type Json = Record<string, unknown>;

const { yaml, errorCodes } = readContract();
const document = parse(yaml) as Json;
const operations = Object.values(document["paths"] as Record<string, Record<string, Json>>).flatMap(
  Object.values,
) as Json[];
const { codesOf, faultOf } = restErrors(document);
const statuses = new Map(
  [...yaml.matchAll(/^ +\| (\w+) \| (\d+) \|/gm)].map(([, code = "", status = ""]) => [code, status]),
);
/** The kinds of refusal that have a row of their own among an operation's responses; all others are its default. */
const OWN_ROW = new Set(["401", "403", "404", "409"]);

it("every code is one that all operations may answer, or of an operation's own", () => {
  const used = new Set(operations.flatMap((operation) => [...codesOf(operation)]));
  const unknownTo = [...errorCodes].filter((code) => !used.has(code));
  expect(unknownTo).toEqual(["route_not_found"]);
  expect([...used].filter((code) => !errorCodes.has(code))).toEqual([]);
});

describe.each(operations.map((operation) => [String(operation["operationId"]), operation] as const))(
  "%s",
  (_id, operation) => {
    it("has a response for every status that its codes have", () => {
      const wanted = [...codesOf(operation)]
        .map((code) => statuses.get(code) ?? "")
        .filter((status) => OWN_ROW.has(status));
      const has = Object.keys(operation["responses"] as Json).filter((status) => OWN_ROW.has(status));
      expect(has.toSorted()).toEqual([...new Set(wanted)].toSorted());
    });
  },
);

it("an answer with another code, with details that the table does not have, or without its field is found", () => {
  const [operation] = operations.filter((one) => one["operationId"] === "getMatch");
  const error = (code: string, details?: Json) =>
    faultOf(operation, { code, message: "no", ...(details && { details }) });
  expect(error("match_not_found")).toBeUndefined();
  expect(error("replay_not_found")).toMatch(/x-errors/);
  expect(error("match_not_found", { tick: 1 })).toMatch(/details.tick/);
  expect(error("invalid_request", { problem: "p" })).toMatch(/details.where/);
  expect(error("invalid_request", { where: "params.matchId", problem: "p" })).toBeUndefined();
  expect(error("unavailable", { outcome: "unknown", retryAfterS: 1 })).toBeUndefined();
});
