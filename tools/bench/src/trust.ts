// Access tokens for as many players as a benchmark needs, signed with its own key. The gateways are configured to accept that
// key besides the real ones, and verify its tokens like any other.
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient, createRpcServer } from "@muster/rpc";
import { Registry } from "prom-client";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { v7 as uuidv7 } from "uuid";

export interface Trust {
  /** What gateways ask instead of identity-service. */
  readonly url: string;
  token(): Promise<string>;
  close(): Promise<void>;
}

const LIFE_S = 900;

/** `identityUrl`: whose keys count too. */
export async function openTrust(port: number, identityUrl?: string): Promise<Trust> {
  const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const own: JWK = { ...jwk, kid, use: "sig", alg: "EdDSA" };
  const identity =
    identityUrl === undefined
      ? undefined
      : createRpcClient({ service: IdentityService, baseUrl: identityUrl, dependency: anyMethods(2000) });
  const server = createRpcServer({
    host: "127.0.0.1",
    port,
    log: createLogger("bench", "error"),
    metrics: new Registry(),
    routes: (router) =>
      router.service(IdentityService, {
        async getTrust({ watermark }) {
          const real = await identity?.call.getTrust({ watermark });
          const keys = real ? (JSON.parse(real.jwksJson) as { keys: JWK[] }).keys : [];
          return {
            jwksJson: JSON.stringify({ keys: [...keys, own] }),
            revocations: real?.revocations ?? [],
            watermark: real?.watermark ?? 0n,
          };
        },
      }),
  });
  await server.start?.();
  return {
    url: `http://127.0.0.1:${port}`,
    token: () =>
      new SignJWT({ name: "bench", fam: uuidv7(), role: "player" })
        .setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid })
        .setIssuer("muster-identity")
        .setAudience("muster")
        .setSubject(uuidv7())
        .setIssuedAt()
        .setExpirationTime(`${LIFE_S}s`)
        .sign(privateKey),
    async close() {
      await server.stop?.();
      await identity?.stop?.();
    },
  };
}
