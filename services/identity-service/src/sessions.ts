// Sessions: an access token that any process can verify, and a single-use refresh token that only this service verifies.
// Token families and reuse detection follow RFC 9700 §4.14.2. Each device has one family, which is ended as a whole.
import { createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { TokenPairSchema } from "@muster/contracts/identity/v2";
import { type Database, inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { sleep } from "@muster/runtime";
import { ACCESS_TOKEN } from "@muster/tokens";
import { SignJWT } from "jose";
import { v7 as uuidv7 } from "uuid";
import { type AccountQueues, endOf } from "./account-queues.ts";
import { refuseBanned } from "./accounts.ts";
import type { Audit } from "./audit.ts";
import { fail } from "./errors.ts";
import type { Account, RevokeReason, Tables } from "./schema.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { lockAccount } from "./store/accounts.ts";
import type { Tx } from "./store/db.ts";
import {
  findOwnerOfRefreshToken,
  type LockedRefreshToken,
  lockOpenFamilies,
  lockRefreshToken,
  insertFamily,
  insertRefreshToken,
  markRepeatedLate,
  markRotated,
  revokeAccessTokens,
  revokeFamilies,
} from "./store/sessions.ts";

const REFRESH_TOKEN_BYTES = 32;
/** Policy at the limit: the oldest session ends. */
const FAMILIES_PER_ACCOUNT_MAX = 50;
/** Late repeats in this many consecutive exchanges are bad luck; one more means that two clients use the session. */
const LATE_RUN_MAX = 3;

export type TokenPair = MessageInitShape<typeof TokenPairSchema>;

export interface SessionsOptions {
  readonly keys: SigningKeys;
  /** Hexadecimal; the successors of refresh tokens are derived from it. */
  readonly secret: string;
  readonly refreshTtlS: number;
  readonly familyTtlS: number;
  /** A repeat of a refresh within this time is nothing to wonder about; later ones are counted. */
  readonly graceS: number;
  readonly now: () => Date;
  readonly accountQueues: AccountQueues;
  readonly audit: Audit;
}

export interface Device {
  readonly label: string;
  /** Made by the client; empty when it sent none. */
  readonly id: string;
}

export interface Sessions {
  /** Starts a family for a device that has just proved who it is; ends an older one of the same device. */
  open(tx: Tx, account: Account, device: Device): Promise<TokenPair>;
  /** @throws AppError bad_refresh_token; a token whose successor has been used also ends its family. */
  refresh(db: Database<Tables>, refreshToken: string): Promise<TokenPair>;
  close(db: Database<Tables>, refreshToken: string): Promise<void>;
  /** Ends the open families that `which` names, and their access tokens. @returns how many. */
  revoke(tx: Tx, which: Parameters<typeof lockOpenFamilies>[1], reason: RevokeReason): Promise<number>;
  /** Ends the access tokens of a player; sessions stay and get new ones. */
  endAccessTokens(tx: Tx, playerId: string): Promise<void>;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { keys, audit, now } = options;
  const successorKey = Buffer.from(
    hkdfSync("sha256", Buffer.from(options.secret, "hex"), "", "muster refresh-token successor", 32),
  );
  /**
   * The next token follows from the one before, so that a repeat gets the same next one although only hashes are
   * stored. Without the key it cannot be told from a random one.
   */
  const successorOf = (refreshToken: string): string =>
    createHmac("sha256", successorKey).update(refreshToken).digest("base64url");
  /** When the last access token that was issued up to now ends. */
  const tokensEndAt = (): Date =>
    new Date(now().getTime() + (ACCESS_TOKEN.lifetimeSeconds + ACCESS_TOKEN.clockSkewSeconds) * 1000);

  const pairFor = async (account: Account, familyId: string, token: string, tokenEndsAt: Date): Promise<TokenPair> => {
    const issuedAt = now();
    const accessExpiresAt = new Date(issuedAt.getTime() + ACCESS_TOKEN.lifetimeSeconds * 1000);
    return {
      accessToken: await signAccessToken(keys, account, familyId, issuedAt, accessExpiresAt),
      accessExpiresAt: timestampFromDate(accessExpiresAt),
      accessExpiresInS: ACCESS_TOKEN.lifetimeSeconds,
      refreshToken: token,
      refreshExpiresAt: timestampFromDate(tokenEndsAt),
    };
  };

  const issue = async (
    tx: Tx,
    account: Account,
    family: { id: string; expiresAt: Date },
    token: string,
  ): Promise<TokenPair> => {
    const at = now();
    const expiresAt = new Date(Math.min(at.getTime() + options.refreshTtlS * 1000, family.expiresAt.getTime()));
    await insertRefreshToken(tx, { hash: sha256(token), familyId: family.id, at, expiresAt });
    return pairFor(account, family.id, token, expiresAt);
  };

  /**
   * The same pair again, for who lost the first answer or has it in another tab: while the successor is unused. Who repeats late in
   * one exchange after the other is not the one who got the answers.
   */
  const repeat = async (
    tx: Tx,
    account: Account,
    locked: LockedRefreshToken,
    refreshToken: string,
  ): Promise<TokenPair | undefined> => {
    const successor = successorOf(refreshToken);
    const rotatedAt = must(locked.rotated_at, "only a rotated one is repeated");
    const next = await lockRefreshToken(tx, sha256(successor));
    if (!next || next.rotated_at !== null) return undefined;
    if (now().getTime() - rotatedAt.getTime() > options.graceS * 1000) {
      const lateRun = locked.late_run + 1;
      if (lateRun > LATE_RUN_MAX) return undefined;
      await markRepeatedLate(tx, sha256(successor), lateRun);
    }
    return pairFor(account, locked.family_id, successor, next.token_expires_at);
  };

  const sessions: Sessions = {
    async open(tx, known, device) {
      // Log-ins of one account come one after the other, and after or before a change of what it may: what they end and
      // begin cannot cross, and the token says what the account may at the time that it names.
      const account = must(await lockAccount(tx, known.id), "it has been found or made");
      refuseBanned(account, now());
      if (account.kind !== known.kind) throw fail("bad_credentials"); // a guest's key, and by now it takes the password
      const deviceKey = device.id === "" ? null : sha256(device.id);
      if (deviceKey) await sessions.revoke(tx, { accountId: account.id, deviceKey }, "replaced");
      const family = { id: uuidv7(), expiresAt: new Date(now().getTime() + options.familyTtlS * 1000) };
      await insertFamily(tx, {
        ...family,
        accountId: account.id,
        deviceLabel: device.label,
        deviceKey,
        at: now(),
      });
      await endOldest(tx, account.id);
      return issue(tx, account, family, randomBytes(REFRESH_TOKEN_BYTES).toString("base64url"));
    },

    async refresh(db, refreshToken) {
      const hash = sha256(refreshToken);
      const owner = await findOwnerOfRefreshToken(db, hash);
      if (!owner) throw fail("bad_refresh_token");
      const exchange = async (tx: Tx): Promise<TokenPair | undefined> => {
        // The account is locked before its sessions, as everywhere: a token is issued either before a revocation, and refused, or after it.
        const account = must(await lockAccount(tx, owner.account_id), "a family has its account");
        const locked = await lockRefreshToken(tx, hash);
        if (!locked || !isOpen(locked, now())) return undefined;
        if (locked.rotated_at === null) {
          await markRotated(tx, hash, now());
          return issue(
            tx,
            account,
            { id: locked.family_id, expiresAt: locked.family_expires_at },
            successorOf(refreshToken),
          );
        }
        const again = await repeat(tx, account, locked, refreshToken);
        if (!again) await endReused(tx, locked);
        return again; // undefined: commit the revocation, then refuse
      };
      const pair = await options.accountQueues.run(owner.account_id, owner.family_id, () =>
        inTransaction(db, exchange, { repeatable: "refresh" }),
      );
      if (!pair) throw fail("bad_refresh_token");
      return pair;
    },

    async close(db, refreshToken) {
      const hash = sha256(refreshToken);
      const owner = await findOwnerOfRefreshToken(db, hash);
      if (!owner) return;
      const end = async (tx: Tx): Promise<void> => {
        const locked = await lockRefreshToken(tx, hash);
        if (locked?.revoked_at === null)
          await revokeFamilies(tx, [locked.family_id], "logged_out", now(), tokensEndAt());
      };
      await options.accountQueues.run(owner.account_id, endOf(owner.family_id), () =>
        inTransaction(db, end, { repeatable: "log out" }),
      );
    },

    async revoke(tx, which, reason) {
      const ids = await lockOpenFamilies(tx, which);
      await revokeFamilies(tx, ids, reason, now(), tokensEndAt());
      return ids.length;
    },

    async endAccessTokens(tx, playerId) {
      const at = now();
      await revokeAccessTokens(tx, playerId, at, tokensEndAt());
      // Tokens are told apart from the revocation by their time of issue: whatever comes after it has a later one.
      while (now() <= at) await sleep(1);
    },
  };

  const endOldest = async (tx: Tx, accountId: string): Promise<void> => {
    const open = await lockOpenFamilies(tx, { accountId });
    await revokeFamilies(tx, open.slice(FAMILIES_PER_ACCOUNT_MAX), "too_many", now(), tokensEndAt());
  };

  const endReused = async (tx: Tx, { family_id, account_id }: LockedRefreshToken): Promise<void> => {
    await revokeFamilies(tx, [family_id], "reused", now(), tokensEndAt());
    await audit.append(tx, {
      actor: "system",
      action: "refresh_token_reused",
      target: account_id,
      reason: `family ${family_id}`,
      at: now(),
    });
  };

  return sessions;
}

function isOpen(locked: LockedRefreshToken, now: Date): boolean {
  return locked.revoked_at === null && locked.token_expires_at > now && locked.family_expires_at > now;
}

async function signAccessToken(
  keys: SigningKeys,
  account: Account,
  familyId: string,
  issuedAt: Date,
  expiresAt: Date,
): Promise<string> {
  const { kid, key } = keys.active();
  return new SignJWT({ name: account.name, fam: familyId, role: account.role })
    .setProtectedHeader({ alg: ACCESS_TOKEN.algorithm, typ: ACCESS_TOKEN.type, kid })
    .setIssuer(ACCESS_TOKEN.issuer)
    .setAudience(ACCESS_TOKEN.audience)
    .setSubject(account.id)
    .setIssuedAt(issuedAt.getTime() / 1000) // with milliseconds: a revocation has them too
    .setExpirationTime(expiresAt)
    .setJti(uuidv7())
    .sign(key);
}

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
