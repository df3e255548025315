// A player's open sessions, and what verifiers are told when one ends.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import type { DeviceSchema, IdentityService } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { endOf } from "../account-queues.ts";
import { fail } from "../errors.ts";
import type { Tx } from "../store/db.ts";
import { listFamilies } from "../store/sessions.ts";
import type { RpcParts } from "./parts.ts";

type DeviceRpcs = "listDevices" | "revokeDevice" | "revokeOtherDevices" | "getJwks" | "getTrust";

export function deviceRpcs({
  db,
  sessions,
  accountQueues,
  keys,
  revocationFeed,
  audit,
  now,
}: RpcParts): Pick<ServiceImpl<typeof IdentityService>, DeviceRpcs> {
  return {
    async listDevices({ playerId }) {
      const families = await listFamilies(db, playerId, now());
      return {
        devices: families.map(deviceOf),
      };
    },

    async revokeDevice({ playerId, familyId }) {
      const end = async (tx: Tx): Promise<void> => {
        const ended = await sessions.revoke(tx, { accountId: playerId, id: familyId }, "revoked");
        if (ended === 0) throw fail("device_not_found");
        await audit.append(tx, {
          actor: playerId,
          action: "device_revoked",
          target: playerId,
          reason: `family ${familyId}`,
          at: now(),
        });
      };
      // Before it waits: ids that are none of this account's would each be one more who takes turns.
      const open = await listFamilies(db, playerId, now());
      if (!open.some(({ id }) => id === familyId)) throw fail("device_not_found");
      await accountQueues.run(playerId, endOf(familyId), () => inTransaction(db, end, { repeatable: "revoke device" }));
      return {};
    },

    async revokeOtherDevices({ playerId, keepFamilyId }) {
      const end = async (tx: Tx): Promise<number> => {
        const ended = await sessions.revoke(tx, { accountId: playerId, exceptId: keepFamilyId }, "revoked");
        // The log is kept for ever, and its end is one at a time's: what changed nothing is not in it.
        if (ended === 0) return ended;
        await audit.append(tx, {
          actor: playerId,
          action: "other_devices_revoked",
          target: playerId,
          reason: `${ended} sessions`,
          at: now(),
        });
        return ended;
      };
      return {
        revoked: await accountQueues.run(playerId, keepFamilyId, () =>
          inTransaction(db, end, { repeatable: "revoke other devices" }),
        ),
      };
    },

    getJwks: () => ({ jwksJson: JSON.stringify(keys.jwks()) }),

    getTrust: ({ watermark }) => revocationFeed.since(watermark),
  };
}

export function deviceOf(
  family: Awaited<ReturnType<typeof listFamilies>>[number],
): MessageInitShape<typeof DeviceSchema> {
  return {
    familyId: family.id,
    label: family.device_label,
    createdAt: timestampFromDate(family.created_at),
    lastUsedAt: timestampFromDate(family.last_used_at),
    expiresAt: timestampFromDate(family.expires_at),
  };
}
