import {
  accountKinds,
  reportCategories,
  reportDecisions,
  roles,
  SIGNING_KEY_STATES,
} from "@muster/contracts/identity/names";
import { describeWithMariadb, schemaViews } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";
import { REVOCATION_SUBJECTS, REVOKE_REASONS } from "./schema.ts";

describeWithMariadb("the schema of identity-service", () => {
  it("has the tables and columns that schema.ts and db.v2.md name, and its enumerations the names of the contract", async () => {
    await using harness = await startHarness();
    const { real, typed, documented, enums } = await schemaViews(
      "identity-service",
      harness.url,
      new URL("./schema.ts", import.meta.url),
    );
    expect(typed).toEqual(real);
    expect(documented).toEqual(Object.keys(real));
    expect(enums).toEqual({
      "accounts.kind": accountKinds.all,
      "reports.category": reportCategories.all,
      "reports.decision": reportDecisions.all,
      "accounts.role": roles.all,
      "revocations.subject_kind": REVOCATION_SUBJECTS,
      "signing_keys.state": SIGNING_KEY_STATES,
      "token_families.revoke_reason": REVOKE_REASONS,
    });
  });
});
