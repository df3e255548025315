// A code that the contract does not know leaves edge-api as `internal`: so every code that can get there is in it.
import { ERRORS as CHAT } from "@muster/chat-service/testing";
import { readContract } from "@muster/edge-api/testing";
import { COMMON_ERRORS, type ErrorTable, HTTP_STATUS } from "@muster/errors";
import { ERRORS as IDENTITY } from "@muster/identity-service/testing";
import { ERRORS as MATCH } from "@muster/match-service/testing";
import { expect, it } from "vitest";

/** Of match-service's, those of the calls that edge-api makes. */
const FROM_MATCH = ["match_not_found", "bad_cursor"] as const;

it("the REST contract has every refusal of the services behind it, with its status", () => {
  const fromMatch = Object.fromEntries(FROM_MATCH.map((code) => [code, MATCH[code]]));
  const all: ErrorTable = { ...COMMON_ERRORS, ...IDENTITY, ...CHAT, ...fromMatch };
  const { errorCodes, yaml } = readContract();
  const documented = new Map([...yaml.matchAll(/^ +\| (\w+) \| (\d{3}) \|/gm)].map((row) => [row[1], Number(row[2])]));
  for (const [code, { grpc }] of Object.entries(all)) {
    expect(errorCodes, code).toContain(code);
    expect(documented.get(code), code).toBe(HTTP_STATUS[grpc]);
  }
  expect(new Set(documented.keys())).toEqual(errorCodes);
});
