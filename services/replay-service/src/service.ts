import { DeliveryService } from "@muster/contracts/delivery/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { ReplayService } from "@muster/contracts/replay/v2";
import { publishAndConsumeEvents } from "@muster/events";
import { DEPENDENCIES } from "@muster/resilience";
import { createRpcClient } from "@muster/rpc";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { type Config, configuration } from "./config.ts";
import { createReplayMetrics } from "./metrics.ts";
import { migrations } from "./migrations/index.ts";
import { createRatingEffects } from "./rating-effects.ts";
import { retentionRules } from "./retention.ts";
import { replayRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";
import { takeIn } from "./take-in.ts";
import { createVerification } from "./verify/verification.ts";
import { VerifyThreads } from "./verify/verify-threads.ts";

export const service = defineDatabaseService({ name: "replay-service", configuration, migrations, compose });

function compose(context: DatabaseContext<Config, Tables>): DatabaseComposition {
  const { config, db, log, now, metrics } = context;
  // Both are asked again and again until they answer: while they are away, the rest goes on.
  const asked = { metrics, log };
  const rows = DEPENDENCIES["replay-service"];
  const matches = createRpcClient({
    ...asked,
    dependency: rows["match-service"],
    service: MatchService,
    baseUrl: config.matchUrl,
  });
  const ratings = createRpcClient({
    ...asked,
    dependency: rows["rating-service"],
    service: RatingService,
    baseUrl: config.ratingUrl,
  });
  const threads = new VerifyThreads({
    threads: config.threads,
    budgetMs: config.verifyWithinMs,
    heapMb: config.threadHeapMb,
    idleMs: config.threadIdleMs,
    gamesModule: import.meta.resolve("@muster/modes"),
  });
  const replayMetrics = createReplayMetrics(metrics, db, () => threads.running);
  const events = publishAndConsumeEvents(context, {
    service: "replay-service",
    types: ["match.ended"],
    async apply(event, tx, afterCommit) {
      const outcome = await takeIn(tx, event, now());
      if (outcome) afterCommit(() => replayMetrics.judged(outcome));
    },
  });
  const verification = createVerification({
    db,
    matches: matches.call,
    threads,
    budgetMs: config.verifyWithinMs,
    metrics: replayMetrics,
    now,
    log,
    endProcess: () => process.kill(process.pid, "SIGKILL"), // an exit would wait for the thread
  });
  return {
    routes: (router) => router.service(ReplayService, replayRpc({ db, now })).service(DeliveryService, events.delivery),
    beforeRpc: [
      matches,
      ratings,
      verification,
      createRatingEffects({ db, ratings: ratings.call, log }),
      ...events.components,
    ],
    waitsFor: events.waitsFor,
    peers: { match: matches.check, rating: ratings.check },
    retention: [...events.retention, ...retentionRules(db, config, now)],
  };
}
