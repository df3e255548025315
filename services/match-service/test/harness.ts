// The real service with a fresh database, for its own tests.
import { MatchService } from "@muster/contracts/match/v2";
import { type HarnessOptions, type ServiceHarness, startService } from "@muster/testkit";
import type { Tables } from "../src/schema.ts";
import { service } from "../src/service.ts";

export type Harness = ServiceHarness<typeof MatchService, Tables>;

export function startHarness(options?: HarnessOptions): Promise<Harness> {
  return startService(service, MatchService, options);
}
