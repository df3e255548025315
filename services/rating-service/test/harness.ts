// The real service over a fresh database, for its own tests.
import { RatingService } from "@muster/contracts/rating/v2";
import { type HarnessOptions, type ServiceHarness, startService } from "@muster/testkit";
import type { Tables } from "../src/schema.ts";
import { service } from "../src/service.ts";

export type Harness = ServiceHarness<typeof RatingService, Tables>;

export function startHarness(options?: HarnessOptions): Promise<Harness> {
  return startService(service, RatingService, options);
}
