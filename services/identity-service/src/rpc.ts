import type { ServiceImpl } from "@connectrpc/connect";
import type { IdentityService } from "@muster/contracts/identity/v2";
import { type Database, inTransaction, isDuplicateKey } from "@muster/db";
import { v7 as uuidv7 } from "uuid";
import { guestName, nameKeyOf, toProfile } from "./accounts.ts";
import { fail } from "./errors.ts";
import type { Passwords } from "./passwords.ts";
import type { Account, Tables } from "./schema.ts";
import { type Sessions, sha256 } from "./sessions.ts";
import type { SigningKeys } from "./signing-keys.ts";
import {
  findAccount,
  findAccountByDevice,
  findAccountWithPassword,
  insertAccount,
  insertCredentials,
  insertGuestDevice,
} from "./store.ts";

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly keys: SigningKeys;
  readonly now: () => Date;
}

export function identityRpc({ db, passwords, sessions, keys, now }: RpcParts): ServiceImpl<typeof IdentityService> {
  return {
    async register({ name, password, deviceLabel }) {
      const phc = await passwords.hash(password); // outside the transaction: it takes tens of milliseconds
      const account = newAccount(name, "registered", now());
      try {
        const tokens = await inTransaction(db, async (tx) => {
          await insertAccount(tx, { ...account, nameKey: account.name_key, createdAt: account.created_at });
          await insertCredentials(tx, account.id, phc);
          return sessions.open(tx, account, deviceLabel);
        });
        return { profile: toProfile(account), tokens };
      } catch (err) {
        if (isDuplicateKey(err, "accounts_name_key")) throw fail("name_taken");
        throw err;
      }
    },

    async logIn({ name, password, deviceLabel }) {
      const account = await findAccountWithPassword(db, nameKeyOf(name));
      if (!(await passwords.verify(password, account?.password_phc)) || !account) throw fail("bad_credentials");
      const tokens = await inTransaction(db, (tx) => sessions.open(tx, account, deviceLabel));
      return { profile: toProfile(account), tokens };
    },

    async logInGuest({ deviceKey, deviceLabel }) {
      const keyHash = sha256(deviceKey);
      const found = await findAccountByDevice(db, keyHash);
      const account = found ?? (await createGuest(db, keyHash, now()));
      const tokens = await inTransaction(db, (tx) => sessions.open(tx, account, deviceLabel));
      return { profile: toProfile(account), tokens, created: !found };
    },

    refresh: async ({ refreshToken }) => ({ tokens: await sessions.refresh(db, refreshToken) }),

    async logOut({ refreshToken }) {
      await sessions.close(db, refreshToken);
      return {};
    },

    getJwks: () => ({ jwksJson: JSON.stringify(keys.jwks()) }),

    async getProfile({ playerId }) {
      const account = await findAccount(db, playerId);
      if (!account) throw fail("player_not_found");
      return { profile: toProfile(account) };
    },
  };
}

async function createGuest(db: Database<Tables>, keyHash: Buffer, createdAt: Date): Promise<Account> {
  const account = newAccount(undefined, "guest", createdAt);
  try {
    await inTransaction(db, async (tx) => {
      await insertAccount(tx, { ...account, nameKey: account.name_key, createdAt });
      await insertGuestDevice(tx, keyHash, account.id);
    });
    return account;
  } catch (err) {
    const other = isDuplicateKey(err) ? await findAccountByDevice(db, keyHash) : undefined;
    if (!other) throw err;
    return other; // the same device called twice at once
  }
}

function newAccount(name: string | undefined, kind: Account["kind"], createdAt: Date): Account {
  const id = uuidv7();
  const shown = name ?? guestName(id);
  return { id, name: shown, name_key: nameKeyOf(shown), kind, created_at: createdAt };
}
