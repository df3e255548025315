// Has rating-service take suspect matches out of the ratings, and put back what was accepted: asked again until it has done so.
import type { Client } from "@connectrpc/connect";
import type { RatingService } from "@muster/contracts/rating/v2";
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, createLoop, retryDelayMs, sleep } from "@muster/runtime";
import type { Tables } from "./schema.ts";
import { claimEffects, type DueEffect, postponeEffect, storeApplied } from "./store/effects.ts";

const LOOK_EVERY_MS = 500;
const AT_ONCE = 20;
/** Longer than all calls of a round may take. */
const LEASE_MS = 120_000;
const AGAIN = { firstMs: 1000, maxMs: 60_000 };

export interface EffectParts {
  readonly db: Database<Tables>;
  readonly ratings: Pick<Client<typeof RatingService>, "excludeMatch" | "includeMatch">;
  readonly log: Logger;
}

export function createRatingEffects(parts: EffectParts): Component {
  const { db, log } = parts;
  return createLoop({ name: "effects on ratings", log, maxDelayMs: 5000 }, async (stop) => {
    const due = await claimEffects(db, AT_ONCE, LEASE_MS);
    for (const effect of due) await bringAbout(parts, effect);
    if (due.length < AT_ONCE) await sleep(LOOK_EVERY_MS, stop);
  });
}

async function bringAbout({ db, ratings, log }: EffectParts, effect: DueEffect): Promise<void> {
  const { matchId, wanted, why, attempts } = effect;
  try {
    if (wanted === "excluded") await ratings.excludeMatch({ matchId, reason: why });
    else await ratings.includeMatch({ matchId });
  } catch (err) {
    log.warn({ err, matchId, wanted, attempts }, "rating-service did not take this; asking again");
    return postponeEffect(db, matchId, retryDelayMs(attempts, AGAIN));
  }
  await storeApplied(db, matchId, wanted);
  log.info({ matchId, wanted, why }, "rating-service was told of a suspect match");
}
