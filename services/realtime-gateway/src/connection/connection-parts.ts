// The dependencies of a connection.
import type { Logger } from "@muster/log";
import type { SeatTicketOpener, TokenVerifier } from "@muster/tokens";
import type { ChatSessionParts } from "../chat/chat-session.ts";
import type { ControlBudgets } from "./control-limits.ts";
import type { ControlWork } from "./control-work.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { MatchmakingSession } from "../matchmaking/matchmaking-session.ts";
import type { Ratings } from "../matchmaking/ratings.ts";
import type { MatchRegistry } from "../matches/registry.ts";

export interface ConnectionParts {
  readonly tokens: TokenVerifier;
  readonly seatTickets: SeatTicketOpener;
  readonly matchmaking: MatchmakingSession;
  readonly chat: ChatSessionParts;
  readonly ratings: Pick<Ratings, "of">;
  readonly matches: MatchRegistry;
  readonly budgets: ControlBudgets;
  readonly work: ControlWork;
  readonly metrics: GatewayMetrics;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 32 bits that nobody guesses. */
  readonly nonce: () => number;
  readonly limits: {
    readonly authWithinMs: number;
    readonly idleTimeoutMs: number;
    readonly inputsPerS: number;
    /** Frames above that in a second, of any kind: the socket is closed. */
    readonly floodPerS: number;
    /** Of messages, above which they are refused or merged. */
    readonly bytesPerS: number;
    readonly slowCloseMs: number;
    readonly staleMs: number;
    readonly inputsRefusedMax: number;
    readonly spectatorDelayMs: number;
  };
}
