// An account that is erased leaves leaderboards, ratings and histories. What its matches did to others stays, so the fold still needs its heads
// and points: they keep an id that no longer belongs to anybody. The rule: design/backend/v2.1-rating.md.
import type { Transaction } from "kysely";
import { boardChanges } from "./boards.ts";
import type { Tables } from "./schema.ts";
import { insertBoardChanges } from "./store/boards.ts";
import { insertErasure, takeRatings } from "./store/erasures.ts";
import { listModes, lockAllModes } from "./store/states.ts";

/**
 * In the caller's transaction, READ COMMITTED. Whoever writes ratings locks its mode first, shared or not, and then asks who is erased. So it
 * waits for this erasure, or has its mode locked already, and this waits for what it writes. Both at once are a deadlock, and one tries again.
 */
export async function erasePlayer(tx: Transaction<Tables>, playerId: string, erasedAt: Date): Promise<void> {
  await insertErasure(tx, playerId, erasedAt);
  await lockAllModes(tx);
  for (const mode of await listModes(tx)) {
    const taken = await takeRatings(tx, mode, playerId);
    await insertBoardChanges(tx, mode, boardChanges(taken.map(({ state }) => ({ before: state, after: undefined }))));
  }
}
