import { describeWithMariadb, schemaViews } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";

describeWithMariadb("the schema of replay-service", () => {
  it("has the tables and columns that schema.ts and db.v2.md name", async () => {
    await using harness = await startHarness();
    const { real, typed, documented } = await schemaViews(
      "replay-service",
      harness.url,
      new URL("./schema.ts", import.meta.url),
    );
    expect(typed).toEqual(real);
    expect(documented).toEqual(Object.keys(real));
  });
});
