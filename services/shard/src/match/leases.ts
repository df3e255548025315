// Renews the leases of this shard's matches at match-service, and drops the matches that it no longer owns.
import type { Client } from "@connectrpc/connect";
import { cancelReasons } from "@muster/contracts/match/names";
import {
  type CancelReason,
  type LostLease,
  type MatchService,
  MatchState,
  type RenewLeasesResponse,
} from "@muster/contracts/match/v2";
import type { Logger } from "@muster/log";
import { type Component, sleep } from "@muster/runtime";
import type { MatchCancelReason } from "./match-spec.ts";
import type { ShardMetrics } from "../metrics.ts";

export interface LeasesOptions {
  readonly shardId: string;
  readonly everyMs: number;
  /** Matches that run here, and ended ones whose results are not stored yet. */
  readonly held: () => readonly string[];
  /** Over for this reason; undefined: another shard's. */
  readonly lost: (matchId: string, reason: MatchCancelReason | undefined) => void;
  readonly matches: Pick<Client<typeof MatchService>, "renewLeases">;
  readonly metrics: Pick<ShardMetrics, "leaseRenewals" | "leasesLost">;
  readonly log: Logger;
}

/** Matches per call. */
const BATCH_MAX = 500;
/** After a call that failed. */
const RETRY_MS = 500;

export function createLeases(options: LeasesOptions): Component {
  const { shardId, everyMs, held, lost, matches, metrics, log } = options;
  const stop = new AbortController();
  let running: Promise<void> | undefined;

  const letGo = ({ matchId, state, cancelReason }: LostLease): void => {
    // A match that was played to its end is not ours either: the shard that stored the end has told its players.
    const reason = state === MatchState.CANCELLED ? reasonOf(cancelReason) : undefined;
    metrics.leasesLost.inc({ reason: reason ?? "moved" });
    lost(matchId, reason);
  };

  const renew = async (matchIds: readonly string[]): Promise<boolean> => {
    let answer: RenewLeasesResponse;
    try {
      answer = await matches.renewLeases({ shardId, matchIds: [...matchIds] }, { signal: stop.signal });
    } catch (err) {
      if (stop.signal.aborted) return false;
      metrics.leaseRenewals.inc({ outcome: "failed" });
      log.warn({ err, matches: matchIds.length }, "leases could not be renewed; trying again");
      return false;
    }
    metrics.leaseRenewals.inc({ outcome: "renewed" });
    for (const one of answer.lost) letGo(one);
    return true;
  };

  const round = async (): Promise<boolean> => {
    const ids = [...new Set(held())];
    let all = true;
    for (let from = 0; from < ids.length && !stop.signal.aborted; from += BATCH_MAX)
      all = (await renew(ids.slice(from, from + BATCH_MAX))) && all;
    return all;
  };

  return {
    name: "leases",
    async start() {
      const loop = async (): Promise<void> => {
        while (!stop.signal.aborted) {
          const renewed = await round();
          await sleep(renewed ? everyMs : Math.min(everyMs, RETRY_MS), stop.signal);
        }
      };
      running = loop();
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}

function reasonOf(reason: CancelReason): MatchCancelReason {
  const name = cancelReasons.nameOf(reason);
  return name === undefined || name === "not_placed" ? "shard_lost" : name;
}
