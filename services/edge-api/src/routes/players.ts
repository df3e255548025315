import { must } from "@muster/errors";
import type { Handler } from "./handler.ts";
import { profileJson } from "./sessions.ts";

export const playerHandlers: Readonly<Record<string, Handler>> = {
  async getMe({ caller }, { identity }) {
    const { profile } = await identity.getProfile({ playerId: must(caller, "secured").playerId });
    return { status: 200, body: profileJson(profile) };
  },

  async getPlayer({ params }, { identity }) {
    const { profile } = await identity.getProfile({ playerId: must(params["playerId"], "in the path") });
    return { status: 200, body: profileJson(profile) };
  },
};
