import { RatingService } from "@muster/contracts/rating/v2";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { type Config, configuration } from "./config.ts";
import { migrations } from "./migrations/index.ts";
import { ratingRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";

export const service = defineDatabaseService({ name: "rating-service", configuration, migrations, compose });

function compose({ db, now }: DatabaseContext<Config, Tables>): DatabaseComposition {
  return { routes: (router) => router.service(RatingService, ratingRpc({ db, now })) };
}
