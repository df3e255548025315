import { accountKinds, roles } from "@muster/contracts/identity/names";
import type { Profile, TokenPair } from "@muster/contracts/identity/v2";
import { must } from "@muster/errors";
import type { Handlers, Schemas } from "./handler.ts";
import { isoTime } from "./times.ts";

type SessionOperations = "register" | "logIn" | "logInGuest" | "refresh" | "logOut";

export const sessionHandlers: Handlers<SessionOperations> = {
  async register({ body, address }, { identity }) {
    const { name, password, deviceLabel = "", deviceId = "" } = body;
    const device = { deviceLabel, deviceId, clientAddress: address };
    const { profile, tokens } = await identity.register({ name, password, ...device });
    return { status: 201, body: sessionJson(profile, tokens) };
  },

  async logIn({ body, address }, { identity }) {
    const { name, password, deviceLabel = "", deviceId = "", proof = "" } = body;
    const device = { deviceLabel, deviceId, clientAddress: address };
    const { profile, tokens } = await identity.logIn({ name, password, proof, ...device });
    return { status: 200, body: sessionJson(profile, tokens) };
  },

  async logInGuest({ body, address }, { identity }) {
    const { deviceKey, deviceLabel = "" } = body;
    const { profile, tokens } = await identity.logInGuest({ deviceKey, deviceLabel, clientAddress: address });
    return { status: 200, body: sessionJson(profile, tokens) };
  },

  async refresh({ body }, { identity }) {
    const { tokens } = await identity.refresh({ refreshToken: body.refreshToken });
    return { status: 200, body: tokensJson(tokens) };
  },

  async logOut({ body }, { identity }) {
    await identity.logOut({ refreshToken: body.refreshToken });
    return { status: 204 };
  },
};

export function profileJson(profile: Profile | undefined): Schemas["Profile"] {
  const { playerId, name, kind, role, createdAt } = must(profile, "identity sends a profile");
  return {
    playerId,
    name,
    kind: must(accountKinds.nameOf(kind), "identity names a kind"),
    role: must(roles.nameOf(role), "identity names a role"),
    createdAt: isoTime(createdAt),
  };
}

function sessionJson(profile: Profile | undefined, tokens: TokenPair | undefined): Schemas["Session"] {
  return { player: profileJson(profile), tokens: tokensJson(tokens) };
}

function tokensJson(tokens: TokenPair | undefined): Schemas["Tokens"] {
  const { accessToken, accessExpiresAt, accessExpiresInS, refreshToken, refreshExpiresAt } = must(
    tokens,
    "identity sends tokens",
  );
  return {
    accessToken,
    accessExpiresAt: isoTime(accessExpiresAt),
    ...(accessExpiresInS > 0 ? { accessExpiresInS } : {}), // an identity-service of before does not say
    refreshToken,
    refreshExpiresAt: isoTime(refreshExpiresAt),
  };
}
