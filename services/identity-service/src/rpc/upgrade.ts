// A guest takes a name and a password, and stays the same player.
import type { ServiceImpl } from "@connectrpc/connect";
import type { IdentityService } from "@muster/contracts/identity/v2";
import { inTransaction, isDuplicateKey } from "@muster/db";
import { appendEvent } from "@muster/events";
import { clientNetworkOf } from "@muster/runtime";
import { refuseBanned, registeredGuest, toProfile } from "../accounts.ts";
import { fail } from "../errors.ts";
import { playerNameChanged } from "../events.ts";
import { checkName } from "../names.ts";
import { checkPassword } from "../password-rules.ts";
import type { Account } from "../schema.ts";
import {
  deleteGuestDevices,
  findAccount,
  insertCredentials,
  isNameTaken,
  lockAccount,
  updateName,
} from "../store/accounts.ts";
import type { Tx } from "../store/db.ts";
import { lockOpenFamilies } from "../store/sessions.ts";
import type { RpcParts } from "./parts.ts";

export function upgradeRpcs(parts: RpcParts): Pick<ServiceImpl<typeof IdentityService>, "upgradeGuest"> {
  const { db, passwords, sessions, accountQueues, newAccounts, audit, now } = parts;
  return {
    async upgradeGuest({ playerId, keepFamilyId, name: given, password, clientAddress }) {
      const seen = guestOf(await findAccount(db, playerId));
      const name = checkName(given, parts.reservedNames);
      checkPassword(password, name, parts.passwordRules);
      if (await isNameTaken(db, registeredGuest(seen, name, now()))) throw fail("name_taken"); // before it costs
      const network = clientNetworkOf(clientAddress);
      newAccounts.take(network);
      const phc = await passwords.hash(password, { queue: "registration", source: network });
      const upgrade = async (tx: Tx): Promise<Account> => {
        const guest = guestOf(await lockAccount(tx, playerId));
        refuseBanned(guest, now());
        // Whoever has only an access token of a session that was replaced or ended must not take the account with it.
        const [session] = await lockOpenFamilies(tx, { accountId: playerId, id: keepFamilyId });
        if (session === undefined) throw fail("token_revoked");
        const account = registeredGuest(guest, name, now());
        await updateName(tx, account);
        await insertCredentials(tx, playerId, phc);
        // A key lies about on devices in the clear, and was never chosen to guard an account that somebody cares to keep.
        await deleteGuestDevices(tx, playerId);
        await sessions.revoke(tx, { accountId: playerId, exceptId: keepFamilyId }, "password_changed");
        await appendEvent(tx, playerNameChanged(account));
        await audit.append(tx, {
          actor: playerId,
          action: "guest_upgraded",
          target: playerId,
          reason: `was ${guest.name}`,
          at: now(),
        });
        return account;
      };
      try {
        const account = await accountQueues.run(playerId, keepFamilyId, () =>
          inTransaction(db, upgrade, { repeatable: "upgrade guest" }),
        );
        return { profile: toProfile(account) };
      } catch (err) {
        if (isDuplicateKey(err, "accounts_name")) throw fail("name_taken");
        throw err;
      }
    },
  };
}

/** @throws AppError player_not_found, not_a_guest */
function guestOf(account: Account | undefined): Account {
  if (!account) throw fail("player_not_found");
  if (account.kind !== "guest") throw fail("not_a_guest");
  return account;
}
