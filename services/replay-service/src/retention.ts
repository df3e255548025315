// Which replays are deleted when: by their class.
import type { Database } from "@muster/db";
import type { RetentionRule } from "@muster/service/database";
import type { Config } from "./config.ts";
import type { Tables } from "./schema.ts";
import { deleteEndedBefore, type KeptAs } from "./store/retention.ts";

const DAY_MS = 86_400_000;

export function retentionRules(db: Database<Tables>, config: Config, now: () => Date): RetentionRule[] {
  const days: readonly (readonly [KeptAs, number])[] = [
    ["ranked", config.keepRankedDays],
    ["unranked", config.keepUnrankedDays],
    ["suspect", config.keepSuspectDays],
  ];
  return days.map(
    ([keptAs, keep]) =>
      (rowsMax) =>
        deleteEndedBefore(db, keptAs, new Date(now().getTime() - keep * DAY_MS), rowsMax),
  );
}
