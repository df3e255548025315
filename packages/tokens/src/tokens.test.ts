import { LogLines } from "@muster/testkit";
import { testKeys } from "@muster/testkit/keys";
import { describe, expect, it, vi } from "vitest";
import { type Revocation, TokenVerifier } from "./access-token.ts";
import { SeatTicketSealer, SeatTicketOpener } from "./seat-ticket.ts";

const MATCH = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

describe("the token verifier", () => {
  it("takes a good token and says who it is", async () => {
    const keys = await testKeys();
    const verifier = new TokenVerifier(async () => ({ jwks: keys.jwks }));
    expect(await verifier.verify(await keys.sign({ sub: "p1", name: "Ann", fam: "f1" }))).toMatchObject({
      playerId: "p1",
      playerName: "Ann",
      familyId: "f1",
    });
  });

  it("stops while identity does not answer", { timeout: 1000 }, async () => {
    const asked = Promise.withResolvers<void>();
    const verifier = new TokenVerifier(() => (asked.resolve(), new Promise(() => undefined)));
    const watching = verifier.watching(10, new LogLines().logger("test"));
    await watching.start?.();
    await asked.promise;
    await watching.stop?.();
  });

  it.each([
    { note: "ended", claims: { exp: Math.floor(Date.now() / 1000) - 60 }, header: {}, code: "token_expired" },
    { note: "not yet", claims: { nbf: Math.floor(Date.now() / 1000) + 60 }, header: {}, code: "token_invalid" },
    { note: "another issuer", claims: { iss: "other" }, header: {}, code: "token_invalid" },
    { note: "another audience", claims: { aud: "other" }, header: {}, code: "token_invalid" },
    { note: "another type", claims: {}, header: { typ: "JWT" }, code: "token_invalid" },
    { note: "no type", claims: {}, header: { typ: undefined }, code: "token_invalid" },
    { note: "no subject", claims: { sub: undefined }, header: {}, code: "token_invalid" },
    { note: "no end", claims: { exp: undefined }, header: {}, code: "token_invalid" },
    { note: "an unknown key", claims: {}, header: { kid: "other" }, code: "token_invalid" },
    { note: "no key", claims: {}, header: { kid: undefined }, code: "token_invalid" },
    {
      note: "a key of its own to check it with",
      claims: {},
      header: { kid: "other", jku: "http://evil", jwk: {} },
      code: "token_invalid",
    },
  ])("refuses a token: $note", async ({ claims, header, code }) => {
    const keys = await testKeys();
    const verifier = new TokenVerifier(async () => ({ jwks: keys.jwks }));
    await expect(verifier.verify(await keys.sign(claims, header as never))).rejects.toMatchObject({ code });
  });

  it("has one spelling: the same bytes written otherwise are no token", async () => {
    const keys = await testKeys();
    const verifier = new TokenVerifier(async () => ({ jwks: keys.jwks }));
    const token = await keys.sign();
    const bytes = Buffer.from(token.split(".")[2] as string, "base64url");
    const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      .split("")
      .map((c) => token.slice(0, -1) + c);
    const same = [...last, `${token}=`, `${token}==`, `${token} `, `${token}\n`, ` ${token}`].filter(
      (other) => other !== token && Buffer.from(other.split(".")[2] as string, "base64url").equals(bytes),
    );
    expect(same.length).toBeGreaterThanOrEqual(15);
    for (const other of same) await expect(verifier.verify(other)).rejects.toMatchObject({ code: "token_invalid" });
    await verifier.verify(token);
  });

  it("asks for the keys again when a token names a new one, but not for every unknown key id", async () => {
    const [old, fresh, foreign] = await Promise.all([testKeys(), testKeys(), testKeys()]);
    let asked = 0;
    const verifier = new TokenVerifier(
      async () => (asked++, { jwks: { keys: asked === 1 ? old.jwks.keys : [...old.jwks.keys, ...fresh.jwks.keys] } }),
    );
    await verifier.verify(await old.sign());
    for (let i = 0; i < 20; i++)
      await expect(verifier.verify(await foreign.sign())).rejects.toMatchObject({ code: "token_invalid" });
    expect(asked).toBe(1); // within the cooldown
  });

  it("keeps the keys that it has when identity does not answer, and is unavailable when it has none", async () => {
    const keys = await testKeys();
    let up = true;
    const verifier = new TokenVerifier(async () => (up ? { jwks: keys.jwks } : Promise.reject(new Error("down"))));
    await verifier.refresh();
    up = false;
    await expect(verifier.refresh()).rejects.toMatchObject({ code: "unavailable" });
    await verifier.verify(await keys.sign());
    await expect(
      new TokenVerifier(() => Promise.reject(new Error("down"))).verify(await keys.sign()),
    ).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("revocation", () => {
  const now = Math.floor(Date.now() / 1000);

  it("ends every token of a family, also one that was good before", async () => {
    const keys = await testKeys();
    const revocations: Revocation[] = [];
    const verifier = new TokenVerifier(async () => ({ jwks: keys.jwks, revocations }));
    const [ended, other] = [await keys.sign({ fam: "a" }), await keys.sign({ fam: "b" })];
    const claims = await verifier.verify(ended);
    revocations.push({ subject: "family", id: "a", revokedAtMs: Date.now() });
    await verifier.refresh();
    expect(verifier.isRevoked(claims)).toBe(true);
    await expect(verifier.verify(ended)).rejects.toMatchObject({ code: "token_revoked" });
    await verifier.verify(other);
  });

  it("ends the tokens that a player had then, not those issued later", async () => {
    const keys = await testKeys();
    const revocations: Revocation[] = [{ subject: "player", id: "p", revokedAtMs: now * 1000 }];
    const verifier = new TokenVerifier(async () => ({ jwks: keys.jwks, revocations }));
    await expect(verifier.verify(await keys.sign({ sub: "p", iat: now - 1 }))).rejects.toMatchObject({
      code: "token_revoked",
    });
    await verifier.verify(await keys.sign({ sub: "p", iat: now + 1 }));
  });

  it("ends what a withdrawn key has signed", async () => {
    const [bad, good] = await Promise.all([testKeys(), testKeys()]);
    let keys = [...bad.jwks.keys, ...good.jwks.keys];
    const verifier = new TokenVerifier(async () => ({ jwks: { keys } }));
    const claims = await verifier.verify(await bad.sign());
    keys = good.jwks.keys;
    await verifier.refresh();
    expect(verifier.isRevoked(claims)).toBe(true);
    await expect(verifier.verify(await bad.sign())).rejects.toMatchObject({ code: "token_invalid" });
    await verifier.verify(await good.sign());
  });

  it("ends a token that has been checked before, by its time too", async () => {
    const keys = await testKeys();
    const verifier = new TokenVerifier(async () => ({ jwks: keys.jwks }));
    const token = await keys.sign({ exp: Math.floor(Date.now() / 1000) + 60 });
    await verifier.verify(token);
    vi.useFakeTimers({ now: Date.now() + 66_000, toFake: ["Date"] });
    try {
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: "token_expired" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("is read from its watermark on, page after page", async () => {
    const keys = await testKeys();
    const asked: bigint[] = [];
    const page = Array.from({ length: 1000 }, (_, i) => ({
      subject: "family" as const,
      id: `f${i}`,
      revokedAtMs: Date.now(),
    }));
    const verifier = new TokenVerifier(async (watermark) => {
      asked.push(watermark);
      return { jwks: keys.jwks, revocations: asked.length === 1 ? page : [], watermark: 1000n };
    });
    await verifier.refresh();
    await verifier.refresh();
    expect(asked).toEqual([0n, 1000n, 1000n]);
    await expect(verifier.verify(await keys.sign({ fam: "f999" }))).rejects.toMatchObject({ code: "token_revoked" });
  });

  it("is asked for no more than once while a full answer leads no further: what is missing has not been committed", async () => {
    const keys = await testKeys();
    let asked = 0;
    const revocations = Array.from({ length: 1000 }, (_, i) => ({
      subject: "family" as const,
      id: `f${i}`,
      revokedAtMs: Date.now(),
    }));
    const verifier = new TokenVerifier(async () => {
      asked++;
      return { jwks: keys.jwks, revocations, watermark: 0n };
    });
    await verifier.refresh();
    expect(asked).toBe(1);
  });
});

describe("a seat ticket", () => {
  const key = "ab".repeat(32);
  const now = Date.now();
  const claims = {
    matchId: MATCH,
    epoch: 1,
    seat: 1,
    playerId: "p",
    shardId: "s",
    shardAddress: "127.0.0.1:1",
    expiresAt: BigInt(Math.floor(now / 1000) + 60),
  };
  const ticket = new SeatTicketSealer(key).seal(claims);
  const verifier = new SeatTicketOpener(key);

  it("is good until it ends", () => {
    expect(verifier.open(ticket, now)).toMatchObject({ kind: "valid", claims: { matchId: MATCH, seat: 1 } });
    expect(verifier.open(ticket, now + 61_000).kind).toBe("seat_ticket_expired");
  });

  it("is sealed with the first of several keys and opened with each: a change of keys ends none", () => {
    const [old, next] = [key, "cd".repeat(32)];
    for (const [sealing, opening] of [
      [old, `${old},${next}`],
      [`${old},${next}`, old],
      [`${next},${old}`, `${old},${next}`],
      [`${next},${old}`, next],
    ] as const)
      expect(new SeatTicketOpener(opening).open(new SeatTicketSealer(sealing).seal(claims), now).kind).toBe("valid");
    const sealedOld = new SeatTicketSealer(`${old},${next}`).seal(claims);
    expect(new SeatTicketOpener(next).open(sealedOld, now).kind).toBe("seat_ticket_invalid");
  });

  it("tells its bearer nothing, not even twice the same", () => {
    expect(Buffer.from(ticket, "base64url").toString("latin1")).not.toContain("127.0.0.1");
    expect(new SeatTicketSealer(key).seal(claims)).not.toBe(ticket);
  });

  it("is worth nothing with any character changed, another key, or another form", () => {
    for (let i = 0; i < ticket.length; i++) {
      const changed = ticket.slice(0, i) + (ticket[i] === "A" ? "B" : "A") + ticket.slice(i + 1);
      expect(verifier.open(changed, now).kind, `character ${i}`).toBe("seat_ticket_invalid");
    }
    expect(new SeatTicketOpener("cd".repeat(32)).open(ticket, now).kind).toBe("seat_ticket_invalid");
    for (const text of ["", ".", "a.b.c", `${ticket}.x`, "💥"])
      expect(verifier.open(text, now).kind).toBe("seat_ticket_invalid");
  });
});
