import type { Client } from "@connectrpc/connect";
import type { ChatService } from "@muster/contracts/chat/v2";
import type { IdentityService } from "@muster/contracts/identity/v2";
import type { MatchService } from "@muster/contracts/match/v2";
import type { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import type { AccessClaims } from "@muster/tokens";

export interface Clients {
  readonly identity: Client<typeof IdentityService>;
  readonly match: Client<typeof MatchService>;
  readonly chat: Client<typeof ChatService>;
  readonly matchmaking: Client<typeof MatchmakingService>;
}

/** A checked request: the contract's schemas have passed. */
export interface Call {
  readonly body: Readonly<Record<string, unknown>>;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** Present on operations that demand an access token. */
  readonly caller: AccessClaims | undefined;
  /** Of the client, as the ingress saw it. */
  readonly address: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** For how long anybody may keep it; not at all when it is not said. */
  readonly cacheS?: number;
}

export type Handler = (call: Call, clients: Clients) => Promise<Answer>;
