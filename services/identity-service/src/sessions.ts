// Sessions: an access token that is checked anywhere, and a refresh token that is checked here and used once.
import { createHash, randomBytes } from "node:crypto";
import { type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { TokenPairSchema } from "@muster/contracts/identity/v2";
import { type Database, inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { ACCESS_TOKEN } from "@muster/tokens";
import { SignJWT } from "jose";
import type { Transaction } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { fail } from "./errors.ts";
import type { Account, Tables } from "./schema.ts";
import type { SigningKeys } from "./signing-keys.ts";
import {
  findAccount,
  type HeldRefreshToken,
  holdRefreshToken,
  insertFamily,
  insertRefreshToken,
  markRotated,
  revokeFamily,
} from "./store.ts";

const REFRESH_TOKEN_BYTES = 32;

export type TokenPair = MessageInitShape<typeof TokenPairSchema>;

export interface SessionsOptions {
  readonly keys: SigningKeys;
  readonly refreshTtlS: number;
  readonly familyTtlS: number;
  readonly now: () => Date;
}

export interface Sessions {
  /** Starts a family for a device that has just proved who it is. */
  open(tx: Transaction<Tables>, account: Account, deviceLabel: string): Promise<TokenPair>;
  /** @throws AppError bad_refresh_token; a token used for the second time also ends its family. */
  refresh(db: Database<Tables>, refreshToken: string): Promise<TokenPair>;
  close(db: Database<Tables>, refreshToken: string): Promise<void>;
}

export function createSessions(options: SessionsOptions): Sessions {
  const { keys, now } = options;

  const issue = async (
    tx: Transaction<Tables>,
    account: Account,
    familyId: string,
    familyExpiresAt: Date,
  ): Promise<TokenPair> => {
    const issuedAt = now();
    const refreshToken = randomBytes(REFRESH_TOKEN_BYTES).toString("base64url");
    const refreshExpiresAt = new Date(
      Math.min(issuedAt.getTime() + options.refreshTtlS * 1000, familyExpiresAt.getTime()),
    );
    await insertRefreshToken(tx, { hash: sha256(refreshToken), familyId, expiresAt: refreshExpiresAt });
    const accessExpiresAt = new Date(issuedAt.getTime() + ACCESS_TOKEN.lifetimeSeconds * 1000);
    const accessToken = await signAccessToken(keys, account, familyId, issuedAt, accessExpiresAt);
    return {
      accessToken,
      accessExpiresAt: timestampFromDate(accessExpiresAt),
      refreshToken,
      refreshExpiresAt: timestampFromDate(refreshExpiresAt),
    };
  };

  return {
    async open(tx, account, deviceLabel) {
      const familyId = uuidv7();
      const expiresAt = new Date(now().getTime() + options.familyTtlS * 1000);
      await insertFamily(tx, { id: familyId, accountId: account.id, deviceLabel, expiresAt });
      return issue(tx, account, familyId, expiresAt);
    },

    async refresh(db, refreshToken) {
      const hash = sha256(refreshToken);
      const pair = await inTransaction(db, async (tx) => {
        const held = await holdRefreshToken(tx, hash);
        const verdict = judge(held, now());
        if (verdict === "reused") await revokeFamily(tx, must(held, "reused").family_id, "reused", now());
        if (verdict !== "good" || !held) return undefined; // commit the revocation, then refuse
        await markRotated(tx, hash, now());
        const account = must(await findAccount(tx, held.account_id), "a family has its account");
        return issue(tx, account, held.family_id, held.family_expires_at);
      });
      if (!pair) throw fail("bad_refresh_token");
      return pair;
    },

    async close(db, refreshToken) {
      await inTransaction(db, async (tx) => {
        const held = await holdRefreshToken(tx, sha256(refreshToken));
        if (held) await revokeFamily(tx, held.family_id, "logged_out", now());
      });
    },
  };
}

function judge(held: HeldRefreshToken | undefined, now: Date): "good" | "reused" | "bad" {
  if (!held || held.revoked_at !== null) return "bad";
  if (held.rotated_at !== null) return "reused";
  return held.token_expires_at > now && held.family_expires_at > now ? "good" : "bad";
}

async function signAccessToken(
  keys: SigningKeys,
  account: Account,
  familyId: string,
  issuedAt: Date,
  expiresAt: Date,
): Promise<string> {
  const { kid, key } = keys.active();
  return new SignJWT({ name: account.name, fam: familyId })
    .setProtectedHeader({ alg: ACCESS_TOKEN.algorithm, typ: ACCESS_TOKEN.type, kid })
    .setIssuer(ACCESS_TOKEN.issuer)
    .setAudience(ACCESS_TOKEN.audience)
    .setSubject(account.id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .setJti(uuidv7())
    .sign(key);
}

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
