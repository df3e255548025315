import { must } from "@muster/errors";
import type { Handlers } from "./handler.ts";
import { profileJson } from "./sessions.ts";

export const playerHandlers: Handlers<"getMe" | "getPlayer" | "findPlayer"> = {
  async getMe({ caller }, { identity }) {
    const { profile } = await identity.getProfile({ playerId: must(caller, "secured").playerId });
    return { status: 200, body: profileJson(profile) };
  },

  async getPlayer({ params }, { identity }) {
    const { profile } = await identity.getProfile({ playerId: params.playerId });
    return { status: 200, body: profileJson(profile) };
  },

  async findPlayer({ query }, { identity }) {
    const { profile } = await identity.findProfile({ name: query.name });
    return { status: 200, body: profileJson(profile) };
  },
};
