import type { Client } from "@connectrpc/connect";
import type { MatchService } from "@muster/contracts/match/v2";

export interface Ratings {
  /** Elo points. @throws AppError when match-service does not answer */
  of(playerId: string, mode: string): Promise<number>;
}

/** The provisional rating of match-service. */
export function createRatings(matches: Client<typeof MatchService>): Ratings {
  return { of: async (playerId, mode) => (await matches.getRating({ playerId, mode })).rating };
}
