import { readFileSync } from "node:fs";
import { commonError, errorsOf } from "@muster/errors";
import type { Handlers, Schemas } from "./handler.ts";

const fail = errorsOf({
  game_not_found: { grpc: "not_found", retryable: false, message: "There is no such game here." },
});

/** A build that is new is read by clients that are new: they ask again when a match names a layout that they do not have. */
const GAME_CACHE_S = 60;
const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

export const systemHandlers: Handlers<"getInstallation" | "listModes" | "getGame" | "getJwks"> = {
  getInstallation: () =>
    Promise.resolve({
      status: 200,
      body: {
        name: "Muster",
        version,
        contract: "/v1/openapi.yaml",
        realtime: "/v1/realtime",
        modes: "/v1/modes",
        health: "/healthz",
      },
    }),

  async listModes(_call, { matchmaking }) {
    const { modes } = await matchmaking.listModes({});
    return {
      status: 200,
      body: {
        modes: modes.map(({ mode, gameId, seats, waiting, practice, bots, rated }) => ({
          mode,
          gameId,
          seats,
          waiting,
          practice,
          bots,
          rated,
        })),
      },
    };
  },

  async getGame({ params }, { matchmaking }) {
    const { gameId } = params;
    const { builds, known } = await matchmaking.listGameBuilds({ gameId });
    // Its shards are away, or being started.
    if (builds.length === 0) throw known ? commonError("unavailable") : fail("game_not_found");
    const described = builds.map(({ descriptionJson }) => JSON.parse(descriptionJson) as Schemas["GameBuild"]);
    return { status: 200, body: { gameId, builds: described }, cacheS: GAME_CACHE_S };
  },

  async getJwks(_call, { identity }) {
    const { jwksJson } = await identity.getJwks({});
    return { status: 200, body: JSON.parse(jwksJson) as Schemas["Jwks"] };
  },
};
