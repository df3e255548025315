import { RatingService } from "@muster/contracts/rating/v2";
import { deleteOldInbox, deletePublished } from "@muster/events";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { createBoardCounter, createRewinder } from "./background.ts";
import { type Config, configuration } from "./config.ts";
import { createKafkaParts } from "./kafka.ts";
import { createRatingMetrics } from "./metrics.ts";
import { migrations } from "./migrations/index.ts";
import { ratingRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";

export const service = defineDatabaseService({ name: "rating-service", configuration, migrations, compose });

function compose(context: DatabaseContext<Config, Tables>): DatabaseComposition {
  const { db, log, now } = context;
  const ratingMetrics = createRatingMetrics(context.metrics);
  const { components, waitsFor } = createKafkaParts({ ...context, ratingMetrics });
  return {
    routes: (router) => router.service(RatingService, ratingRpc({ db, log, now })),
    beforeRpc: [
      createRewinder({ db, log, now, metrics: ratingMetrics }),
      createBoardCounter({ db, log }),
      ...components,
    ],
    waitsFor,
    retention: [deletePublished(db), deleteOldInbox(db)],
  };
}
