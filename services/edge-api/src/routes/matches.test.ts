import { readFileSync } from "node:fs";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CancelReason, EndReason, MatchState } from "@muster/contracts/match/v2";
import { expect, it } from "vitest";
import { matchHandlers } from "./matches.ts";

const CONTRACT = readFileSync(new URL("../../../../contracts/openapi/edge.v1.yaml", import.meta.url), "utf8");

/** As the contract writes them. */
function names(of: Readonly<Record<string, number>>): { name: string; value: number }[] {
  return Object.entries(of).flatMap(([name, value]) => (value > 0 ? [{ name: name.toLowerCase(), value }] : []));
}

it.each([
  { field: "endReason", all: names(EndReason) },
  { field: "cancelReason", all: names(CancelReason) },
])("every $field of match-service is told by its name, and stands in the contract", async ({ field, all }) => {
  const listed = new RegExp(`^ +${field}: \\{ type: string, enum: \\[([^\\]]*)\\]`, "m")
    .exec(CONTRACT)?.[1]
    ?.split(", ");
  expect(listed?.toSorted()).toEqual(all.map(({ name }) => name).toSorted());
  for (const { name, value } of all) {
    const match = {
      state: MatchState.ENDED,
      participants: [],
      createdAt: timestampFromDate(new Date()),
      [field]: value,
    };
    const clients = { match: { getMatch: async () => ({ match }) } };
    const answer = await matchHandlers.getMatch({ params: { matchId: "m" } } as never, clients as never);
    expect(answer.body).toMatchObject({ [field]: name });
  }
});
