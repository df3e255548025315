import { describeWithMariadb } from "@muster/testkit";
import { TokenVerifier } from "@muster/tokens";
import { decodeProtectedHeader, type JSONWebKeySet } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

const PASSWORD = "correct horse battery";

describeWithMariadb("identity-service on a clean schema", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  it("writes no line at info for what verifiers ask every two seconds", async () => {
    await harness.call.getTrust({});
    const lines = harness.logs.lines.filter(({ rpc }) => rpc === "identity.v2.IdentityService/GetTrust");
    expect(lines.map(({ level }) => level)).toEqual(["debug"]);
  });

  it("stores no password and no token as it is", async () => {
    const { tokens } = await harness.call.register({ name: "Ann", password: PASSWORD });
    const { call, db } = harness;
    await call.logInGuest({ deviceKey: "device-key-0123456789" });
    const rows = JSON.stringify([
      await db.selectFrom("credentials").selectAll().execute(),
      await db.selectFrom("refresh_tokens").selectAll().execute(),
      await db.selectFrom("guest_devices").selectAll().execute(),
    ]);
    for (const secret of [PASSWORD, tokens?.refreshToken as string, "device-key-0123456789"])
      expect(rows).not.toContain(secret);
    expect(rows).toContain("$argon2id$v=19$m=47104,t=1,p=1$");
  });

  it("hashes a password in any of its Unicode forms to the same", async () => {
    await harness.call.register({ name: "Unicode", password: "caf\u00e9 caf\u00e9" });
    await harness.call.logIn({ name: "unicode", password: "cafe\u0301 cafe\u0301" });
    await expect(harness.call.logIn({ name: "unicode", password: "cafe cafe" })).rejects.toMatchObject({
      code: "bad_credentials",
    });
  });

  it("signs tokens that its published keys verify: typ, kid, ten minutes", async () => {
    const { tokens, profile } = await harness.call.logInGuest({ deviceKey: "device-key-9876543210" });
    const jwks = JSON.parse((await harness.call.getJwks({})).jwksJson) as JSONWebKeySet;
    const accessToken = tokens?.accessToken as string;
    const claims = await new TokenVerifier(async () => ({ jwks })).verify(accessToken);
    expect(claims).toMatchObject({ playerId: profile?.playerId, playerName: profile?.name });
    expect(claims.expiresAt - Date.now() / 1000).toBeGreaterThan(590);
    expect(claims.expiresAt - Date.now() / 1000).toBeLessThanOrEqual(600);
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: "EdDSA", typ: "at+jwt", kid: jwks.keys[0]?.kid });
    expect(JSON.stringify(jwks)).not.toContain('"d"'); // the private half
  });

  it("keeps one signing key over restarts and instances, sealed with the configured key", async () => {
    const before = (await harness.call.getJwks({})).jwksJson;
    await using second = harness.build();
    await second.start();
    expect((await harness.call.getJwks({})).jwksJson).toBe(before);
    const [row] = await harness.db.selectFrom("signing_keys").select(["private_sealed"]).execute();
    expect(row?.private_sealed.toString("latin1")).not.toContain('"d":');
    const wrongKey = harness.build({ IDENTITY_KEY_ENCRYPTION_KEY: "00".repeat(32) });
    await expect(wrongKey.start()).rejects.toThrow("signing keys did not start");
  });

  it("makes one first key when several instances start at once", async () => {
    await harness.db.deleteFrom("signing_keys").execute();
    const instances = [1, 2, 3].map(() => harness.build());
    await Promise.all(instances.map((one) => one.start()));
    expect(
      await harness.db.selectFrom("signing_keys").select("kid").where("state", "=", "active").execute(),
    ).toHaveLength(1);
    await Promise.all(instances.map((one) => one.stop()));
  });

  it("ends refresh tokens after their time, and a session after its own whatever is refreshed", async () => {
    await using short = await startHarness({ IDENTITY_REFRESH_TTL_S: "100", IDENTITY_FAMILY_TTL_S: "250" });
    const open = async (): Promise<string> =>
      (await short.call.logInGuest({ deviceKey: "device-key-0123456789" })).tokens?.refreshToken as string;
    const refresh = async (refreshToken: string): Promise<string> =>
      (await short.call.refresh({ refreshToken })).tokens?.refreshToken as string;
    const stale = await open();
    let current = await open();
    for (let i = 0; i < 3; i++) {
      short.advance(80);
      current = await refresh(current);
    }
    await expect(refresh(stale)).rejects.toMatchObject({ code: "bad_refresh_token" });
    short.advance(11);
    await expect(refresh(current)).rejects.toMatchObject({ code: "bad_refresh_token" });
  });

  it("answers busy when too many passwords are to be hashed, and still logs guests in", async () => {
    await using small = await startHarness({ IDENTITY_HASHING_MAX: "1", IDENTITY_HASHING_QUEUE_MAX: "2" });
    const flood = Array.from({ length: 12 }, () =>
      small.call
        .logIn({ name: `nobody-${Math.random()}`, password: "wrong" })
        .catch((err: { code: string }) => err.code),
    );
    await small.call.logInGuest({ deviceKey: "device-key-0123456789" });
    const codes = await Promise.all(flood);
    expect(codes.filter((code) => code === "bad_credentials").length).toBeGreaterThanOrEqual(3);
    expect(codes.filter((code) => code === "busy").length).toBeGreaterThanOrEqual(5);
  });

  it("refuses to start on a schema that it does not know", async () => {
    await using bare = await startHarness();
    await bare.db.schema.dropTable("kysely_migration").execute();
    await expect(bare.build({ DB_WAIT_MS: "100" }).start()).rejects.toThrow("schema did not start");
  });
});
