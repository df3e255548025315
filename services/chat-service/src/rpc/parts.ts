import type { Client } from "@connectrpc/connect";
import type { Actor as ActorMessage } from "@muster/contracts/chat/v2";
import type { MatchService } from "@muster/contracts/match/v2";
import type { Database } from "@muster/db";
import { must } from "@muster/errors";
import type { Audit } from "../audit.ts";
import type { CallLimits } from "../call-limits.ts";
import type { PlayerRates } from "../player-rates.ts";
import type { Actor } from "../channels.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { Posting } from "../posting.ts";
import type { Rate } from "../rate.ts";
import type { Tables } from "../schema.ts";
import type { KeyQueues } from "../key-queues.ts";

/** Of direct channels and invitations between strangers: of who opens, of whom they are opened with, and of one network with one player. */
export interface DirectRates {
  readonly opener: Rate;
  readonly target: Rate;
  readonly network: Rate;
}

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly matches: Client<typeof MatchService>;
  readonly posting: Posting;
  readonly delivery: Delivery;
  readonly audit: Audit;
  readonly callLimits: CallLimits;
  readonly changeRates: PlayerRates;
  /** By player that strangers ask for: they wait here for each other, and not each on a connection of the database. */
  readonly strangers: KeyQueues;
  readonly limits: {
    readonly roomMembersMax: number;
    readonly roomsOwnedMax: number;
    readonly invitationsMax: number;
    readonly invitationMs: number;
    readonly directs: DirectRates;
  };
  readonly now: () => Date;
}

/** Of a call that changes more than messages. @throws AppError chat_rate_limited */
export function changerOf(
  request: { readonly actor?: ActorMessage | undefined },
  { changeRates }: Pick<RpcParts, "changeRates">,
): Actor {
  const actor = actorOf(request);
  changeRates.take(actor.playerId);
  return actor;
}

export function actorOf(request: { readonly actor?: ActorMessage | undefined }): Actor {
  return must(request.actor, "validation demands an actor");
}
