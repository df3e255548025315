import { cancelReasons, endReasons, matchStates } from "@muster/contracts/match/names";
import { describeWithMariadb, schemaViews } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";
import { EVENT_TYPES } from "./schema.ts";

describeWithMariadb("the schema of match-service", () => {
  it("has the tables and columns that schema.ts and db.v2.md name, and its enumerations the names of the contract", async () => {
    await using harness = await startHarness();
    const { real, typed, documented, enums } = await schemaViews(
      "match-service",
      harness.url,
      new URL("./schema.ts", import.meta.url),
    );
    expect(typed).toEqual(real);
    expect(documented).toEqual(Object.keys(real));
    expect(enums).toEqual({
      "matches.state": matchStates.all,
      "matches.end_reason": endReasons.all,
      "matches.cancel_reason": cancelReasons.all,
      "outbox.event_type": EVENT_TYPES,
    });
  });
});
