import { must } from "@muster/errors";
import type { Handlers } from "./handler.ts";
import { profileJson } from "./sessions.ts";

export const playerHandlers: Handlers<"getMe" | "getPlayer"> = {
  async getMe({ caller }, { identity }) {
    const { profile } = await identity.getProfile({ playerId: must(caller, "secured").playerId });
    return { status: 200, body: profileJson(profile) };
  },

  async getPlayer({ params }, { identity }) {
    const { profile } = await identity.getProfile({ playerId: params.playerId });
    return { status: 200, body: profileJson(profile) };
  },
};
