import { randomUUID } from "node:crypto";
import type { Database } from "@muster/db";
import { describeWithMariadb } from "@muster/testkit";
import type { Transaction } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import type { Tables } from "./schema.ts";
import { revokeAccessTokens } from "./store/sessions.ts";

describeWithMariadb("the revocation feed", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const revoke = async (tx: Database<Tables> | Transaction<Tables>, playerId: string): Promise<void> =>
    revokeAccessTokens(tx as Transaction<Tables>, playerId, new Date(), new Date(Date.now() + 600_000));

  it("tells of a ban whose transaction stays open while hundreds of others commit, at whichever instance one asks", async () => {
    const instances = [harness.call, (await harness.another()).call];
    const heard = new Set<string | undefined>();
    let watermark = 0n;
    let asked = 0;
    const ask = async (): Promise<void> => {
      const answer = await (instances[asked++ % 2] as typeof harness.call).getTrust({ watermark });
      for (const { subject } of answer.revocations) heard.add(subject.value);
      watermark = answer.watermark;
    };
    await ask();
    const [slow, others] = [randomUUID(), Array.from({ length: 600 }, () => randomUUID())];
    const open = await harness.db.startTransaction().execute();
    await revoke(open, slow);
    for (const other of others) await revoke(harness.db, other);
    await ask();
    await ask();
    expect(others.filter((id) => !heard.has(id))).toEqual([]);
    expect(heard).not.toContain(slow);
    await open.commit().execute();
    await ask();
    expect(heard).toContain(slow);
    await ask();
    await ask();
    expect((await harness.call.getTrust({ watermark })).revocations).toEqual([]);
  });
});
