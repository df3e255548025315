// SQL for solved challenges: each solution is accepted once.
import { isDuplicateKey } from "@muster/db";
import type { Db } from "./db.ts";

/** False when it was spent before. */
export async function spendChallenge(db: Db, nonce: Buffer, expiresAt: Date): Promise<boolean> {
  try {
    await db.insertInto("spent_challenges").values({ nonce, expires_at: expiresAt }).execute();
    return true;
  } catch (err) {
    if (isDuplicateKey(err)) return false;
    throw err;
  }
}
