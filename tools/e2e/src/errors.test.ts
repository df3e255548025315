// Every error code stands in the contracts and documents that list them, with its status, and no other does. A code that the REST contract
// does not know would leave edge-api as `internal`.
import { ERRORS as CHAT } from "@muster/chat-service/testing";
import { readContract } from "@muster/edge-api/testing";
import { DELIVERY_ERRORS } from "@muster/events";
import { COMMON_ERRORS, type ErrorTable, HTTP_STATUS } from "@muster/errors";
import { ERRORS as IDENTITY } from "@muster/identity-service/testing";
import { ERRORS as MATCH } from "@muster/match-service/testing";
import { ERRORS as MATCHMAKING } from "@muster/matchmaker/testing";
import { ERRORS as RATING } from "@muster/rating-service/testing";
import { ERRORS as REPLAY } from "@muster/replay-service/testing";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** Of match-service's and rating-service's, those of the calls that edge-api makes. */
const FROM_MATCH = ["match_not_found", "bad_cursor"] as const;
const FROM_RATING = ["season_not_found", "not_on_leaderboard", "bad_cursor"] as const;

it("the REST contract has every refusal of the services behind it, with its status", () => {
  const fromMatch = Object.fromEntries(FROM_MATCH.map((code) => [code, MATCH[code]]));
  const fromRating = Object.fromEntries(FROM_RATING.map((code) => [code, RATING[code]]));
  const all: ErrorTable = {
    ...COMMON_ERRORS,
    ...IDENTITY,
    ...CHAT,
    ...fromMatch,
    ...fromRating,
    ...REPLAY,
    ...MATCHMAKING,
    ...DELIVERY_ERRORS,
  };
  const { errorCodes, yaml } = readContract();
  const documented = new Map([...yaml.matchAll(/^ +\| (\w+) \| (\d{3}) \|/gm)].map((row) => [row[1], Number(row[2])]));
  for (const [code, { grpc }] of Object.entries(all)) {
    expect(errorCodes, code).toContain(code);
    expect(documented.get(code), code).toBe(HTTP_STATUS[grpc]);
  }
  expect(new Set(documented.keys())).toEqual(errorCodes);
});

const TABLES: Readonly<Record<string, ErrorTable>> = {
  identity: IDENTITY,
  chat: CHAT,
  match: MATCH,
  matchmaking: MATCHMAKING,
  rating: RATING,
  replay: REPLAY,
  delivery: DELIVERY_ERRORS,
};

function statusOf(code: string, table: ErrorTable): string | undefined {
  return (table[code] ?? (COMMON_ERRORS as ErrorTable)[code])?.grpc.toUpperCase();
}

function read(file: string): string {
  return readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");
}

it("contracts/services/ERRORS.md lists the codes of each service, with their status", () => {
  const listed: Record<string, Record<string, string>> = {};
  let service = "";
  for (const [, name, codes, status] of read("contracts/services/ERRORS.md").matchAll(
    /^\| (\w*) ?\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \|$/gm,
  )) {
    service = name || service;
    for (const [, code] of (codes as string).matchAll(/`(\w+)`/g))
      (listed[service] ??= {})[code as string] = status as string;
  }
  expect(Object.keys(listed["all"] ?? {}).toSorted()).toEqual([...Object.keys(COMMON_ERRORS), "busy"].toSorted());
  for (const [name, table] of Object.entries(TABLES)) {
    const own = Object.keys(table).filter((code) => !Object.hasOwn(listed["all"] ?? {}, code));
    expect(listed[name], name).toEqual(Object.fromEntries(own.map((code) => [code, statusOf(code, table)])));
  }
});

describe.each(Object.entries(TABLES))("the gRPC contract of %s", (service, table) => {
  const proto = read(`contracts/services/${service}/v2.proto`);
  /** What stands behind "Errors:", up to the call. */
  const sentences = [...proto.matchAll(/Errors: ([\s\S]*?)\n *rpc /g)].map(([, text]) =>
    (text as string).replaceAll(/\s*\n\s*\/\/\s*/g, " "),
  );

  it("names no code that the service does not have, and each with its status", () => {
    expect(sentences.length).toBeGreaterThan(2);
    for (const sentence of sentences) {
      const unknown = (sentence.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? []).filter((code) => !statusOf(code, table));
      expect(unknown, sentence).toEqual([]);
      for (const [, code, status] of sentence.matchAll(/\b([a-z_]+) \(([A-Z_]+)\)/g))
        expect(status, `${code} in "${sentence}"`).toBe(statusOf(code as string, table));
    }
  });

  it("names every code that the service has", () => {
    const named = new Set(proto.match(/\b[a-z]+(?:_[a-z]+)*\b/g));
    expect(Object.keys(table).filter((code) => !named.has(code))).toEqual([]);
  });
});
