import type { Handler } from "./handler.ts";

export const systemHandlers: Readonly<Record<string, Handler>> = {
  async listModes(_call, { matchmaking }) {
    const { modes } = await matchmaking.listModes({});
    return {
      status: 200,
      body: { modes: modes.map(({ mode, gameId, seats, waiting }) => ({ mode, gameId, seats, waiting })) },
    };
  },

  async getJwks(_call, { identity }) {
    const { jwksJson } = await identity.getJwks({});
    return { status: 200, body: JSON.parse(jwksJson) as unknown };
  },
};
