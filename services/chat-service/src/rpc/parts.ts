import type { Client } from "@connectrpc/connect";
import type { Actor as ActorMessage } from "@muster/contracts/chat/v2";
import type { MatchService } from "@muster/contracts/match/v2";
import type { Database } from "@muster/db";
import { must } from "@muster/errors";
import type { CallLimits } from "../call-limits.ts";
import type { Actor } from "../channels.ts";
import type { Delivery } from "../delivery/delivery.ts";
import type { Posting } from "../posting.ts";
import type { Rate } from "../rate.ts";
import type { Tables } from "../schema.ts";

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly matches: Client<typeof MatchService>;
  readonly posting: Posting;
  readonly delivery: Delivery;
  readonly callLimits: CallLimits;
  readonly limits: {
    readonly roomMembersMax: number;
    readonly roomsOwnedMax: number;
    readonly invitationsMax: number;
    readonly invitationMs: number;
    /** Of direct channels between strangers. */
    readonly directs: { readonly opener: Rate; readonly target: Rate };
  };
  readonly now: () => Date;
}

export function actorOf(request: { readonly actor?: ActorMessage | undefined }): Actor {
  return must(request.actor, "validation demands an actor");
}
