// A player's own sessions and password.
import { must } from "@muster/errors";
import type { Handlers } from "./handler.ts";
import { profileJson } from "./sessions.ts";
import { isoTime } from "./times.ts";

type DeviceOperations = "listDevices" | "revokeDevice" | "revokeOtherDevices" | "changePassword" | "upgradeGuest";

export const deviceHandlers: Handlers<DeviceOperations> = {
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
    await identity.revokeDevice({ playerId: must(caller, "secured").playerId, familyId: params.deviceId });
    return { status: 204 };
  },

  async revokeOtherDevices({ caller }, { identity }) {
    const { playerId, familyId } = must(caller, "secured");
    const { revoked } = await identity.revokeOtherDevices({ playerId, keepFamilyId: familyId });
    return { status: 200, body: { revoked } };
  },

  async changePassword({ caller, body, address }, { identity }) {
    const { playerId, familyId } = must(caller, "secured");
    const { currentPassword, newPassword } = body;
    await identity.changePassword({
      playerId,
      keepFamilyId: familyId,
      currentPassword,
      newPassword,
      clientAddress: address,
    });
    return { status: 204 };
  },

  async upgradeGuest({ caller, body: { name, password }, address }, { identity, names }) {
    const { playerId, familyId: keepFamilyId } = must(caller, "secured");
    const { profile } = await identity.upgradeGuest({
      playerId,
      keepFamilyId,
      name,
      password,
      clientAddress: address,
    });
    names.forget(playerId);
    return { status: 200, body: profileJson(profile) };
  },
};
