import { IdentityService } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient } from "@muster/rpc";
import { describeWithMariadb } from "@muster/testkit";
import { TokenVerifier, revocationFeedFrom } from "@muster/tokens";
import { decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runOperator } from "./operator-commands.ts";
import { createSigningKeys } from "./signing-keys.ts";
import { AUDIT_KEY, type Harness, KEY_ENCRYPTION_KEY, startHarness } from "../test/harness.ts";

describeWithMariadb("signing keys", () => {
  let harness: Harness;
  let admin: string;
  beforeAll(async () => {
    harness = await startHarness({
      IDENTITY_KEY_ACTIVE_S: "3600",
      IDENTITY_KEY_PENDING_S: "900",
      IDENTITY_KEY_CHECK_MS: "50",
    });
    const { profile } = await harness.call.register({ name: "keeper", password: "correct horse battery" });
    admin = profile?.playerId as string;
    await harness.db.updateTable("accounts").set({ role: "admin" }).where("id", "=", admin).execute();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await harness.call.listSigningKeys({ actorId: admin })).keys.map((key) => [key.kid, key.state]),
    );
  const token = async (): Promise<string> =>
    (await harness.call.logInGuest({ deviceKey: "device-key-0123456789" })).tokens?.accessToken as string;
  const kidOf = (accessToken: string): string => decodeProtectedHeader(accessToken).kid as string;

  it("go from pending to active to retiring to removed, by their times, in every instance", async () => {
    await using second = harness.build();
    await second.start();
    const first = kidOf(await token());
    expect(await states()).toEqual({ [first]: "active" });
    harness.advance(2701); // 3600 - 900
    await expect.poll(async () => Object.values(await states()).toSorted()).toEqual(["active", "pending"]);
    const next = Object.entries(await states()).find(([, state]) => state === "pending")?.[0] as string;
    expect(kidOf(await token())).toBe(first); // published, not yet signing
    harness.advance(901);
    await expect.poll(states).toEqual({ [first]: "retiring", [next]: "active" });
    await expect.poll(async () => kidOf(await token())).toBe(next);
    const published = JSON.parse((await harness.call.getJwks({})).jwksJson) as { keys: { kid: string }[] };
    expect(published.keys.map((key) => key.kid).toSorted()).toEqual([first, next].toSorted());
    harness.advance(606); // the last token that it signed has ended
    await expect.poll(states).toEqual({ [first]: "removed", [next]: "active" });
    const row = await harness.db
      .selectFrom("signing_keys")
      .select("private_sealed")
      .where("kid", "=", first)
      .executeTakeFirstOrThrow();
    expect(row.private_sealed).toHaveLength(0);
  });

  it("rotate under load without one token refused", async () => {
    const verifier = new TokenVerifier(revocationFeedFrom(harness.call));
    await verifier.refresh();
    const stop = new AbortController();
    const seen = new Set<string>();
    const issued: string[] = [];
    let looks = 0;
    const load = async (worker: number): Promise<void> => {
      while (!stop.signal.aborted) {
        const { tokens } = await harness.call.logInGuest({ deviceKey: `load-${worker}-${crypto.randomUUID()}` });
        const accessToken = tokens?.accessToken as string;
        seen.add(kidOf(accessToken));
        issued.push(accessToken);
        await verifier.verify(accessToken);
      }
    };
    const poll = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await verifier.refresh();
        looks++;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    const workers = [poll(), ...[1, 2, 3].map(load)];
    await expect.poll(() => seen.size).toBe(1);
    for (let rotation = 0; rotation < 3; rotation++) {
      const before = seen.size;
      await harness.call.rotateSigningKey({ actorId: admin, reason: "drill" });
      const looked = looks;
      await expect.poll(() => looks).toBeGreaterThan(looked + 1); // one of them began after the rotation
      await harness.db
        .updateTable("signing_keys")
        .set({ state_since: new Date(0) })
        .where("state", "=", "pending")
        .execute();
      await expect.poll(() => seen.size, { timeout: 5000 }).toBe(before + 1);
    }
    // Tokens of retiring keys are good until they end.
    for (const accessToken of issued.slice(0, 5)) await verifier.verify(accessToken);
    stop.abort();
    await Promise.all(workers); // every verify has passed
    expect(seen.size).toBeGreaterThanOrEqual(4);
  });

  it("withdrawn at once: its tokens are refused, the next ones are not", async () => {
    const verifier = new TokenVerifier(revocationFeedFrom(harness.call));
    const stolen = await token();
    await verifier.verify(stolen);
    const kid = kidOf(stolen);
    await harness.call.revokeSigningKey({ actorId: admin, kid, reason: "drill" });
    const fresh = await token();
    expect(kidOf(fresh)).not.toBe(kid);
    await verifier.refresh();
    await expect(verifier.verify(stolen)).rejects.toMatchObject({ code: "token_invalid" });
    await verifier.verify(fresh);
    await expect(harness.call.revokeSigningKey({ actorId: admin, kid, reason: "again" })).rejects.toMatchObject({
      code: "key_not_found",
    });
  });

  it("withdrawn while an older look at them is still on its way: that look does not bring them back", async () => {
    const [read, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let isBlocked = false;
    const slow = harness.db.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        if (!isBlocked) return result;
        isBlocked = false; // this one only
        read.resolve();
        await goesOn.promise;
        return result;
      },
    });
    const times = { activeForS: 3600, pendingForS: 900, checkEveryMs: 30_000 };
    const log = harness.logs.logger("keys");
    const keys = createSigningKeys({
      db: slow,
      encryptionKey: KEY_ENCRYPTION_KEY,
      ...times,
      now: () => new Date(),
      log,
    });
    await keys.start?.();
    const before = keys.active().kid;
    isBlocked = true;
    const late = keys.reload();
    await read.promise;
    await inTransaction(harness.db, (tx) => keys.revoke(tx, before));
    const next = keys.reload();
    await Promise.race([next, token()]); // a look takes no longer than a log-in
    goesOn.resolve();
    await Promise.all([late, next]);
    expect(keys.active().kid).not.toBe(before);
    await expect.poll(async () => kidOf(await token())).toBe(keys.active().kid); // in the other instance too
    await keys.stop?.();
  });

  it("withdrawn by the operator's command: running instances sign with another one, and sessions go on", async () => {
    const verifier = new TokenVerifier(revocationFeedFrom(harness.call));
    const stolen = await token();
    const kid = kidOf(stolen);
    const { tokens } = await harness.call.logInGuest({ deviceKey: "session-device-01234" });
    expect(await revokeKeys(harness.url, KEY_ENCRYPTION_KEY)).toBe(0);
    await expect.poll(async () => kidOf(await token())).not.toBe(kid);
    await verifier.refresh();
    await expect(verifier.verify(stolen)).rejects.toMatchObject({ code: "token_invalid" });
    const next = await harness.call.refresh({ refreshToken: tokens?.refreshToken as string });
    await verifier.verify(next.tokens?.accessToken as string);
    const { entries } = await harness.call.listAuditLog({ actorId: admin });
    expect(entries).toContainEqual(expect.objectContaining({ actor: "operator", action: "key_revoked", target: kid }));
  });

  it("sealed with another key: who has the old one signs nothing more; a start with the new one does, and sessions go on", async () => {
    await using running = await startHarness({ IDENTITY_KEY_CHECK_MS: "20" });
    const { tokens } = await running.call.logInGuest({ deviceKey: "session-device-01234" });
    const otherKey = "c3".repeat(32);
    expect(await revokeKeys(running.url, otherKey)).toBe(0);
    await expect.poll(async () => (await fetch(`${running.app.admin.url}/readyz`)).status).toBe(503);
    await expect(running.call.logInGuest({ deviceKey: "another-device-01234" })).rejects.toMatchObject({
      code: "unavailable",
    });
    await using fresh = running.build({ IDENTITY_KEY_ENCRYPTION_KEY: otherKey });
    await fresh.start();
    const client = createRpcClient({ service: IdentityService, baseUrl: fresh.rpc.url, dependency: anyMethods(5000) });
    const next = await client.call.refresh({ refreshToken: tokens?.refreshToken as string });
    const verifier = new TokenVerifier(revocationFeedFrom(client.call));
    await verifier.refresh();
    await verifier.verify(next.tokens?.accessToken as string);
    await expect(verifier.verify(tokens?.accessToken as string)).rejects.toMatchObject({ code: "token_invalid" });
    await client.stop?.();
  });
});

/** As the runbook has it: on the database alone. @returns the exit code */
function revokeKeys(url: string, encryptionKey: string): Promise<number> {
  const env = { IDENTITY_DB_URL: url, IDENTITY_KEY_ENCRYPTION_KEY: encryptionKey, IDENTITY_AUDIT_KEY: AUDIT_KEY };
  const nowhere = { log: () => undefined, error: () => undefined };
  return runOperator(["revoke-keys", "in", "a", "public", "log"], env, nowhere);
}
