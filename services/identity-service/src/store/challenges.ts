// SQL on challenges that have been solved: each is good for once.
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
