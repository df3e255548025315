import type { Client } from "@connectrpc/connect";
import type { ChatService } from "@muster/contracts/chat/v2";
import type { DeliveryService } from "@muster/contracts/delivery/v2";
import type { IdentityService } from "@muster/contracts/identity/v2";
import type { ListLiveMatchesResponse, MatchService } from "@muster/contracts/match/v2";
import type { MatchmakingService } from "@muster/contracts/matchmaking/v2";
import type { RatingService } from "@muster/contracts/rating/v2";
import type { components, operations } from "@muster/contracts/openapi/edge/v1";
import type { ReplayService } from "@muster/contracts/replay/v2";
import type { AccessClaims } from "@muster/tokens";
import type { Downloads } from "../downloads.ts";
import type { LiveMatches } from "../live-matches.ts";
import type { PlayerNames } from "../player-names.ts";
import type { SystemHealth } from "../system-health.ts";

export interface Clients {
  readonly identity: Client<typeof IdentityService>;
  readonly match: Client<typeof MatchService>;
  readonly chat: Client<typeof ChatService>;
  readonly matchmaking: Client<typeof MatchmakingService>;
  readonly rating: Client<typeof RatingService>;
  readonly replay: Client<typeof ReplayService>;
  /** Of every service that publishes events, by its name; consumers are called by theirs. */
  readonly delivery: Readonly<Record<string, Client<typeof DeliveryService>>>;
  readonly names: PlayerNames;
  readonly downloads: Downloads;
  /** Undefined: matches cannot be watched. */
  readonly liveMatches: LiveMatches<ListLiveMatchesResponse> | undefined;
  readonly systemHealth: () => Promise<SystemHealth>;
}

export type OperationId = keyof operations;
/** As the contract names them. */
export type Schemas = components["schemas"];

/** A checked request: the contract's schemas have passed, and their defaults are filled in. */
export interface Call<O extends OperationId> {
  readonly body: BodyOf<operations[O]>;
  readonly params: ParamsOf<operations[O]>;
  readonly query: QueryOf<operations[O]>;
  /** Present on operations that demand an access token. */
  readonly caller: AccessClaims | undefined;
  /** Of the client, as the ingress saw it. */
  readonly address: string;
  /** HEAD: the answer's body is not wanted, only its headers. */
  readonly isHead: boolean;
  /** Of the request. */
  readonly header: (name: string) => string | undefined;
}

export type Answer<O extends OperationId> = SuccessOf<operations[O]["responses"]> & {
  /** For how long anybody may keep it; not at all when it is not said. */
  readonly cacheS?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Handler<O extends OperationId> = (call: Call<O>, clients: Clients) => Promise<Answer<O>>;
export type Handlers<O extends OperationId> = { readonly [K in O]: Handler<K> };

type BodyOf<T> = T extends { readonly requestBody: { readonly content: { readonly "application/json": infer B } } }
  ? B
  : undefined;
type ParamsOf<T> = T extends { readonly parameters: { readonly path: infer P } } ? P : Readonly<Record<string, never>>;
type QueryOf<T> = T extends { readonly parameters: { readonly query?: infer Q } } ? NonNullable<Q> : never;

type SuccessOf<R> = {
  [S in keyof R & number]: `${S}` extends `2${string}` | "304" ? SuccessWith<S, R[S]> : never;
}[keyof R & number];
type SuccessWith<S, R> = R extends { readonly content: { readonly "application/json": infer B } }
  ? { readonly status: S; readonly body: AsJson<B> }
  : R extends { readonly content: { readonly "application/octet-stream": unknown } }
    ? { readonly status: S; readonly body: Buffer }
    : { readonly status: S; readonly body?: undefined };

/** What is undefined is left out when it is written. */
type AsJson<T> = T extends readonly (infer I)[]
  ? readonly AsJson<I>[]
  : T extends object
    ? { readonly [K in keyof T]: undefined extends T[K] ? AsJson<T[K]> | undefined : AsJson<T[K]> }
    : T;
