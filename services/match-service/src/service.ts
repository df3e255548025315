import { DeliveryService } from "@muster/contracts/delivery/v2";
import { MatchService } from "@muster/contracts/match/v2";
import { publishEvents } from "@muster/events";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { type Config, configuration } from "./config.ts";
import { createLeaseSweep } from "./leases.ts";
import { migrations } from "./migrations/index.ts";
import { matchRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";

export const service = defineDatabaseService({ name: "match-service", configuration, migrations, compose });

function compose(context: DatabaseContext<Config, Tables>): DatabaseComposition {
  const { config, db, now, metrics, log } = context;
  const events = publishEvents(context, { service: "match-service", region: config.region || undefined });
  return {
    beforeRpc: events.components,
    waitsFor: events.waitsFor,
    retention: events.retention,
    routes: (router) =>
      router.service(MatchService, matchRpc({ db, log, now })).service(DeliveryService, events.delivery),
    // Behind the server: no round counts in which nobody could renew.
    afterRpc: [createLeaseSweep({ db, roundMs: config.leaseRoundMs, now, metrics, log })],
  };
}
