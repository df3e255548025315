import { accountKinds, roles } from "@muster/contracts/identity/names";
import type { Profile, TokenPair } from "@muster/contracts/identity/v2";
import { must } from "@muster/errors";
import type { Handler } from "./handler.ts";
import { isoTime } from "./times.ts";

type Credentials = { name: string; password: string; deviceLabel?: string; deviceId?: string; proof?: string };
type Device = { deviceKey: string; deviceLabel?: string };

export const sessionHandlers: Readonly<Record<string, Handler>> = {
  async register({ body, address }, { identity }) {
    const { name, password, deviceLabel = "", deviceId = "" } = body as Credentials;
    const device = { deviceLabel, deviceId, clientAddress: address };
    const { profile, tokens } = await identity.register({ name, password, ...device });
    return { status: 201, body: sessionJson(profile, tokens) };
  },

  async logIn({ body, address }, { identity }) {
    const { name, password, deviceLabel = "", deviceId = "", proof = "" } = body as Credentials;
    const device = { deviceLabel, deviceId, clientAddress: address };
    const { profile, tokens } = await identity.logIn({ name, password, proof, ...device });
    return { status: 200, body: sessionJson(profile, tokens) };
  },

  async logInGuest({ body, address }, { identity }) {
    const { deviceKey, deviceLabel = "" } = body as Device;
    const { profile, tokens } = await identity.logInGuest({ deviceKey, deviceLabel, clientAddress: address });
    return { status: 200, body: sessionJson(profile, tokens) };
  },

  async refresh({ body }, { identity }) {
    const { tokens } = await identity.refresh({ refreshToken: body["refreshToken"] as string });
    return { status: 200, body: tokensJson(tokens) };
  },

  async logOut({ body }, { identity }) {
    await identity.logOut({ refreshToken: body["refreshToken"] as string });
    return { status: 204 };
  },
};

export function profileJson(profile: Profile | undefined): Record<string, unknown> {
  const { playerId, name, kind, role, createdAt } = must(profile, "identity sends a profile");
  return {
    playerId,
    name,
    kind: accountKinds.nameOf(kind),
    role: roles.nameOf(role),
    createdAt: isoTime(createdAt),
  };
}

function sessionJson(profile: Profile | undefined, tokens: TokenPair | undefined): Record<string, unknown> {
  return { player: profileJson(profile), tokens: tokensJson(tokens) };
}

function tokensJson(tokens: TokenPair | undefined): Record<string, unknown> {
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
