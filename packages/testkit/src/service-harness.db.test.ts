import { MatchService } from "@muster/contracts/match/v2";
import { statement } from "@muster/db";
import {
  type ConfigFrom,
  databaseConfig,
  type DatabaseComposition,
  type DatabaseContext,
  defineDatabaseService,
} from "@muster/service/database";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { describeWithMariadb } from "./databases.ts";
import { startService } from "./service-harness.ts";

// All that is a service's own, in its smallest form: a table with one column, and one call.
interface Tables {
  ratings: { rating: number };
}
const configuration = databaseConfig("MATCH", { grpcPort: 7210, adminPort: 7211 }, {});
const migrations = { "20261127T0000-create-ratings": statement(sql`create table if not exists ratings (rating int)`) };
const service = defineDatabaseService({ name: "match-service", configuration, migrations, compose });

function compose({ db, now }: DatabaseContext<ConfigFrom<typeof configuration>, Tables>): DatabaseComposition {
  return {
    routes: (router) =>
      router.service(MatchService, {
        async getRating() {
          const { rating } = await db.selectFrom("ratings").select("rating").executeTakeFirstOrThrow();
          return { rating, matches: Math.round(now().getTime() / 1000) };
        },
      }),
  };
}

describeWithMariadb("a service on a clean schema", () => {
  it("is migrated, ready, asked by its client and on the test's clock; so is a second one", async () => {
    await using harness = await startService(service, MatchService, { now: () => new Date(5000) });
    await harness.db.insertInto("ratings").values({ rating: 1500 }).execute();
    harness.advance(60);
    const { app, call } = await harness.another();
    const asked = { playerId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", mode: "duel" };
    for (const one of [harness.call, call])
      expect(await one.getRating(asked)).toMatchObject({ rating: 1500, matches: 65 });
    for (const one of [harness.app, app]) expect((await fetch(`${one.admin.url}/readyz`)).status).toBe(200);
  });

  it("is gone when the test is over, whoever has stopped what before", async () => {
    const harness = await startService(service, MatchService);
    const built = harness.build();
    await harness.app.stop();
    await harness[Symbol.asyncDispose]();
    await expect(built.start()).rejects.toThrow("stopped before");
    await expect(fetch(`${harness.app.admin.url}/healthz`)).rejects.toThrow();
  });
});
