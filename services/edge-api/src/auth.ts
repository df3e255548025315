import { commonError } from "@muster/errors";
import type { AccessClaims, TokenVerifier } from "@muster/tokens";
import type { FastifyRequest } from "fastify";

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/** Who asks. @throws AppError unauthenticated, token_invalid, token_expired, unavailable */
export async function authenticate(request: FastifyRequest, tokens: TokenVerifier): Promise<AccessClaims> {
  const header = request.headers.authorization;
  if (header === undefined) throw commonError("unauthenticated");
  const match = BEARER.exec(header);
  if (!match) throw commonError("unauthenticated", { message: "The authorization header is not a bearer token." });
  return tokens.verify(match[1] as string);
}
