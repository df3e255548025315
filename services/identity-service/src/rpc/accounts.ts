// Creating accounts and logging in.
import type { ServiceImpl } from "@connectrpc/connect";
import type { IdentityService } from "@muster/contracts/identity/v2";
import { type Database, inTransaction, isDuplicateKey } from "@muster/db";
import { commonError } from "@muster/errors";
import { appendEvent } from "@muster/events";
import { clientNetworkOf, currentBudget, remainingBudgetMs } from "@muster/runtime";
import { newAccount, toProfile } from "../accounts.ts";
import { fail } from "../errors.ts";
import { playerRegistered } from "../events.ts";
import { checkName, nameKeyOf } from "../names.ts";
import { checkPassword } from "../password-rules.ts";
import type { Account, Tables } from "../schema.ts";
import { type Device, sha256, type TokenPair } from "../sessions.ts";
import {
  type Credentials,
  findAccount,
  findAccountByName,
  findAccountByDevice,
  findAccountWithPassword,
  lockCredentials,
  insertAccount,
  insertCredentials,
  insertGuestDevice,
  isNameTaken,
  updateCredentials,
} from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import { hasDevice } from "../store/sessions.ts";
import type { RpcParts } from "./parts.ts";

type AccountRpcs =
  | "register"
  | "logIn"
  | "logInGuest"
  | "refresh"
  | "logOut"
  | "getProfile"
  | "findProfile"
  | "changePassword";

/** Who logs in has no session yet. */
const LOGGING_IN = "log-in";
const NOBODY = "00000000-0000-0000-0000-000000000000";

export function accountRpcs(parts: RpcParts): Pick<ServiceImpl<typeof IdentityService>, AccountRpcs> {
  const { db, passwords, sessions, accountQueues, throttle, newAccounts, audit, now } = parts;

  /** The last step before a commit: if the caller has stopped waiting, nothing is committed, so that its retry is not a second session. */
  const openInTime = async (tx: Tx, account: Account, device: Device): Promise<TokenPair> => {
    const tokens = await sessions.open(tx, account, device);
    if (currentBudget()?.signal.aborted || remainingBudgetMs(Infinity) <= 0) throw commonError("deadline_exceeded");
    return tokens;
  };

  return {
    async register({ name: given, password, deviceLabel, deviceId, clientAddress }) {
      const name = checkName(given, parts.reservedNames);
      checkPassword(password, name, parts.passwordRules);
      const account = newAccount(name, now());
      if (await isNameTaken(db, account)) throw fail("name_taken"); // before it costs
      const network = clientNetworkOf(clientAddress);
      newAccounts.take(network);
      // Outside the transaction: it takes tens of milliseconds.
      const phc = await passwords.hash(password, { queue: "registration", source: network });
      try {
        const tokens = await inTransaction(
          db,
          async (tx) => {
            await insertNewAccount(tx, account);
            await insertCredentials(tx, account.id, phc);
            return openInTime(tx, account, { label: deviceLabel, id: deviceId });
          },
          { isolation: "read committed", repeatable: "register" },
        );
        return { profile: toProfile(account), tokens };
      } catch (err) {
        if (isDuplicateKey(err, "accounts_name")) throw fail("name_taken");
        throw err;
      }
    },

    async logIn({ name, password, deviceLabel, deviceId, clientAddress, proof }) {
      const nameKey = nameKeyOf(name);
      const account = await findAccountWithPassword(db, { nameKey });
      // Asked for an unknown name too: what is not there takes as long as what is.
      const known = deviceId !== "" && (await hasDevice(db, account?.id ?? NOBODY, sha256(deviceId)));
      const asker = { queue: known ? "known" : "log-in", source: clientNetworkOf(clientAddress) } as const;
      const right = await throttle.attempt(
        db,
        known
          ? { kind: "known", account: nameKey, device: deviceId }
          : { kind: "unknown", account: nameKey, address: clientAddress, proof },
        () => passwords.verify(password, account?.password_phc, asker),
      );
      if (!right || !account) throw fail("bad_credentials");
      const fresh = passwords.isOutdated(account.password_phc) ? await passwords.hash(password, asker) : undefined;
      const open = async (tx: Tx): Promise<TokenPair> => {
        const locked = await lockUnchanged(tx, account);
        if (fresh !== undefined && locked.password_phc === account.password_phc)
          await updateCredentials(tx, account.id, fresh);
        return openInTime(tx, account, { label: deviceLabel, id: deviceId });
      };
      const tokens = await accountQueues.run(account.id, LOGGING_IN, () =>
        inTransaction(db, open, { isolation: "read committed", repeatable: "log in" }),
      );
      return { profile: toProfile(account), tokens };
    },

    async logInGuest({ deviceKey, deviceLabel, clientAddress }) {
      const keyHash = sha256(deviceKey);
      const found = await findAccountByDevice(db, keyHash);
      if (!found) newAccounts.take(clientNetworkOf(clientAddress));
      const account = found ?? (await createGuest(db, keyHash, now()));
      const device = { label: deviceLabel, id: deviceKey };
      const open = (tx: Tx): Promise<TokenPair> => openInTime(tx, account, device);
      const tokens = await accountQueues.run(account.id, LOGGING_IN, () =>
        inTransaction(db, open, { isolation: "read committed", repeatable: "log in guest" }),
      );
      return { profile: toProfile(account), tokens, created: !found };
    },

    refresh: async ({ refreshToken }) => ({ tokens: await sessions.refresh(db, refreshToken) }),

    async logOut({ refreshToken }) {
      await sessions.close(db, refreshToken);
      return {};
    },

    async getProfile({ playerId }) {
      const account = await findAccount(db, playerId);
      if (!account) throw fail("player_not_found");
      return { profile: toProfile(account) };
    },

    async findProfile({ name }) {
      const account = await findAccountByName(db, nameKeyOf(name));
      if (!account) throw fail("player_not_found");
      return { profile: toProfile(account) };
    },

    async changePassword({ playerId, keepFamilyId, currentPassword, newPassword }) {
      const account = await findAccountWithPassword(db, { id: playerId });
      if (!account) throw fail("bad_credentials"); // a guest has none
      checkPassword(newPassword, account.name, parts.passwordRules);
      const asker = { queue: "known", source: playerId } as const;
      const right = await throttle.attempt(
        db,
        { kind: "known", account: account.name_key, device: keepFamilyId }, // an open session
        () => passwords.verify(currentPassword, account.password_phc, asker),
      );
      if (!right) throw fail("bad_credentials");
      const phc = await passwords.hash(newPassword, asker);
      const change = async (tx: Tx): Promise<void> => {
        await lockUnchanged(tx, account);
        await updateCredentials(tx, playerId, phc, now());
        await sessions.revoke(tx, { accountId: playerId, exceptId: keepFamilyId }, "password_changed");
        await audit.append(tx, {
          actor: playerId,
          action: "password_changed",
          target: playerId,
          reason: "",
          at: now(),
        });
      };
      await accountQueues.run(playerId, keepFamilyId, () =>
        inTransaction(db, change, { repeatable: "change password" }),
      );
      return {};
    },
  };
}

/**
 * Holds the password that was looked at before, outside of the transaction: a session that is opened by it is seen by whoever
 * changes it, or comes too late. @throws AppError bad_credentials when it is another one by now
 */
async function lockUnchanged(tx: Tx, seen: Account & Credentials): Promise<Credentials> {
  const locked = await lockCredentials(tx, seen.id);
  if (locked?.password_set_at.getTime() !== seen.password_set_at.getTime()) throw fail("bad_credentials");
  return locked;
}

/** Its row is the key's own: whoever emits for the player later waits for this commit. */
async function insertNewAccount(tx: Tx, account: Account): Promise<void> {
  await insertAccount(tx, account);
  await appendEvent(tx, playerRegistered(account));
}

async function createGuest(db: Database<Tables>, keyHash: Buffer, createdAt: Date): Promise<Account> {
  const account = newAccount(undefined, createdAt);
  try {
    await inTransaction(
      db,
      async (tx) => {
        await insertNewAccount(tx, account);
        await insertGuestDevice(tx, keyHash, account.id);
      },
      { repeatable: "create guest" },
    );
    return account;
  } catch (err) {
    const other = isDuplicateKey(err) ? await findAccountByDevice(db, keyHash) : undefined;
    if (!other) throw err;
    return other; // the same device called twice at once
  }
}
