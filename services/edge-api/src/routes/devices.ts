// A player's own sessions and password.
import { must } from "@muster/errors";
import type { Handler } from "./handler.ts";
import { isoTime } from "./times.ts";

export const deviceHandlers: Readonly<Record<string, Handler>> = {
  async listDevices({ caller }, { identity }) {
    const { playerId, familyId: own } = must(caller, "secured");
    const { devices } = await identity.listDevices({ playerId });
    return {
      status: 200,
      body: {
        devices: devices.map(({ familyId, label, createdAt, lastUsedAt, expiresAt }) => ({
          deviceId: familyId,
          label,
          current: familyId === own,
          createdAt: isoTime(createdAt),
          lastUsedAt: isoTime(lastUsedAt),
          expiresAt: isoTime(expiresAt),
        })),
      },
    };
  },

  async revokeDevice({ caller, params }, { identity }) {
    const familyId = must(params["deviceId"], "in the path");
    await identity.revokeDevice({ playerId: must(caller, "secured").playerId, familyId });
    return { status: 204 };
  },

  async revokeOtherDevices({ caller }, { identity }) {
    const { playerId, familyId } = must(caller, "secured");
    const { revoked } = await identity.revokeOtherDevices({ playerId, keepFamilyId: familyId });
    return { status: 200, body: { revoked } };
  },

  async changePassword({ caller, body, address }, { identity }) {
    const { playerId, familyId } = must(caller, "secured");
    const { currentPassword, newPassword } = body as { currentPassword: string; newPassword: string };
    await identity.changePassword({
      playerId,
      keepFamilyId: familyId,
      currentPassword,
      newPassword,
      clientAddress: address,
    });
    return { status: 204 };
  },
};
