import { DeliveryService } from "@muster/contracts/delivery/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { publishAndConsumeEvents } from "@muster/events";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { applyResult } from "./apply.ts";
import { createBoardCounter, createRewinder } from "./background.ts";
import { type Config, configuration } from "./config.ts";
import { erasePlayer } from "./erase.ts";
import { resultOf } from "./events.ts";
import { createRatingMetrics } from "./metrics.ts";
import { migrations } from "./migrations/index.ts";
import { ratingRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";

export const service = defineDatabaseService({ name: "rating-service", configuration, migrations, compose });

function compose(context: DatabaseContext<Config, Tables>): DatabaseComposition {
  const { db, log, now } = context;
  const ratingMetrics = createRatingMetrics(context.metrics);
  const events = publishAndConsumeEvents(context, {
    service: "rating-service",
    types: ["match.ended", "player.erased"],
    async apply(event, tx, afterCommit) {
      if (event.type === "player.erased") return erasePlayer(tx, event.data.playerId, new Date(event.data.erasedAt));
      const applied = await applyResult(tx, resultOf(event, now()), now());
      afterCommit(() => ratingMetrics.result(applied));
    },
  });
  return {
    routes: (router) =>
      router.service(RatingService, ratingRpc({ db, log, now })).service(DeliveryService, events.delivery),
    beforeRpc: [
      createRewinder({ db, log, now, metrics: ratingMetrics }),
      createBoardCounter({ db, log }),
      ...events.components,
    ],
    waitsFor: events.waitsFor,
    retention: events.retention,
  };
}
