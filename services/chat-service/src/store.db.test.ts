import { channelKinds } from "@muster/contracts/chat/names";
import { describeWithMariadb, schemaViews } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";
import type { ModerationAction } from "./audit.ts";
import { DIRECT_SIDES, INVITATION_STATES } from "./schema.ts";

describeWithMariadb("the schema of chat-service", () => {
  it("has the tables and columns that schema.ts and db.v2.md name, and its enumerations the names of the contract", async () => {
    await using harness = await startHarness();
    const { real, typed, documented, enums } = await schemaViews(
      "chat-service",
      harness.url,
      new URL("./schema.ts", import.meta.url),
    );
    expect(typed).toEqual(real);
    expect(documented).toEqual(Object.keys(real));
    expect(enums).toEqual({
      "channels.kind": channelKinds.all,
      "direct_limits.side": DIRECT_SIDES,
      "invitations.state": INVITATION_STATES,
      "moderation_log.action": [
        "message_deleted",
        "player_muted",
        "player_unmuted",
        "member_removed",
      ] satisfies ModerationAction[],
    });
  });
});
