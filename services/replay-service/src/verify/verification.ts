// Verifies what is due: claims it, fetches its log where that was too large for the event, simulates it, and stores what came out.
//
// The queue is the table. An instance claims as many replays as it has free threads, so nothing waits in memory; what nobody has claimed waits in
// the table, and the metrics say how much and for how long. A claim has a lease. Of an instance that is killed the claims run out, and
// others take them over; an outcome is only stored by who still has the claim.
import { randomUUID } from "node:crypto";
import type { Client } from "@connectrpc/connect";
import type { MatchService } from "@muster/contracts/match/v2";
import { type Database, inTransaction } from "@muster/db";
import { AppError, must } from "@muster/errors";
import type { Logger } from "@muster/log";
import { type Component, createLoop, sleep } from "@muster/runtime";
import { inSpan } from "@muster/tracing";
import type { ReplayMetrics } from "../metrics.ts";
import { type EndedMatch, fileOf, type Outcome } from "../replays.ts";
import type { Tables } from "../schema.ts";
import { type Claimed, claimDue, giveBack, lockClaimed } from "../store/queue.ts";
import { findFile, findReplay, insertFile, matchOf } from "../store/replays.ts";
import { unverifiable } from "./judge.ts";
import { storeVerdict } from "../verdicts.ts";
import { ThreadFailedError, type VerifyThreads } from "./verify-threads.ts";

export interface VerificationParts {
  readonly db: Database<Tables>;
  readonly matches: Pick<Client<typeof MatchService>, "getReplay">;
  readonly threads: Pick<VerifyThreads, "size" | "verify" | "stop" | "stopping" | "stuck">;
  readonly budgetMs: number;
  readonly metrics: ReplayMetrics;
  readonly now: () => Date;
  readonly log: Logger;
  /** The process cannot go on: a thread of it loops and cannot be ended. */
  readonly endProcess: () => void;
  /** Of a claim: the budget and a minute. */
  readonly leaseMs?: number;
  /** After which something that failed is tried again. */
  readonly againAfterMs?: number;
}

const LOOK_EVERY_MS = 200;
/** For what surrounds the simulation: starting a thread, fetching the log, the database. */
const AROUND_MS = 60_000;
const AGAIN_AFTER_MS = 2000;
/** After so many claims that were lost, or whose thread failed, the match is to blame and not the instances. */
const ATTEMPTS_MAX = 3;

export function createVerification(parts: VerificationParts): Component {
  const { db, threads, budgetMs, log, leaseMs = budgetMs + AROUND_MS } = parts;
  const underWay = new Set<Promise<void>>();
  const begin = (claimed: Claimed, claim: string): void => {
    const span = { name: "verify replay", kind: "internal" } as const;
    const work = inSpan(span, claimed.traceparent, () => settle(parts, claimed, claim))
      .catch((err: unknown) =>
        log.warn({ err, matchId: claimed.matchId }, "a replay could not be verified; its claim runs out"),
      )
      .finally(() => underWay.delete(work));
    underWay.add(work);
  };
  const loop = createLoop({ name: "verification of replays", log, maxDelayMs: 5000 }, async (stop) => {
    const limit = threads.size - underWay.size;
    const claim = randomUUID();
    const claimed = limit > 0 ? await claimDue(db, { claim, limit, leaseMs }) : [];
    for (const one of claimed) begin(one, claim);
    const pause = sleep(LOOK_EVERY_MS, stop);
    if (underWay.size === threads.size) await Promise.race([pause, ...underWay]);
    else if (claimed.length === 0) await pause;
  });
  return {
    name: loop.name,
    async start() {
      if (threads.size > 0) await loop.start?.();
    },
    /** What is under way is given back at once. */
    async stop() {
      await loop.stop?.();
      await threads.stop();
      await Promise.all(underWay);
    },
  };
}

/** One claimed replay. */
async function settle(parts: VerificationParts, { matchId, attempts }: Claimed, claim: string): Promise<void> {
  const { db, threads, log, metrics, endProcess, againAfterMs = AGAIN_AFTER_MS } = parts;
  if (attempts > ATTEMPTS_MAX) {
    const detail = `the process ended, or its thread failed, in each of ${ATTEMPTS_MAX} attempts`;
    return finish(parts, matchId, claim, unverifiable("too_costly", detail));
  }
  let outcome: Outcome;
  const startedAt = performance.now();
  try {
    const content = await fileToVerify(parts, matchId, claim);
    if (content === "gone") return;
    outcome = content === "no log" ? noLog() : await threads.verify(content);
  } catch (err) {
    log.warn({ err, matchId, attempts }, "a replay could not be verified yet");
    // A thread that failed at this match may do so again, every time.
    const counts = err instanceof ThreadFailedError && err.hadMatch && !threads.stopping;
    await giveBack(db, { matchId, claim, afterMs: threads.stopping ? 0 : againAfterMs, counts });
    return;
  }
  metrics.simulated(outcome, (performance.now() - startedAt) / 1000);
  await finish(parts, matchId, claim, outcome);
  if (!threads.stuck) return;
  log.error({ matchId }, "the simulation of this match cannot be stopped; this process exits");
  endProcess();
}

function noLog(): Outcome {
  return unverifiable("log_missing", "match-service does not have the input log");
}

/** The file, made with a fetched log where the event did not bring it. */
async function fileToVerify(
  { db, matches }: VerificationParts,
  matchId: string,
  claim: string,
): Promise<Buffer | "no log" | "gone"> {
  const row = await findReplay(db, matchId);
  if (!row) return "gone"; // deleted meanwhile
  const stored = row.file_bytes === null ? undefined : await findFile(db, matchId);
  if (stored) return stored;
  const log = await fetchLog(matches, matchId);
  const file = log && fileOf(matchOf(row), log);
  if (!file) return "no log";
  const still = await inTransaction(
    db,
    async (tx) => {
      if (!(await lockClaimed(tx, matchId, claim))) return false;
      await insertFile(tx, matchId, file);
      return true;
    },
    { repeatable: "store file" },
  );
  return still ? file.content : "gone";
}

async function fetchLog(
  matches: VerificationParts["matches"],
  matchId: EndedMatch["matchId"],
): Promise<Uint8Array | undefined> {
  try {
    return (await matches.getReplay({ matchId })).inputLog;
  } catch (err) {
    if (err instanceof AppError && ["replay_not_found", "match_not_found"].includes(err.code)) return undefined;
    throw err;
  }
}

/** Verdict, effect and event in one transaction. */
async function finish(
  { db, now, log, metrics }: VerificationParts,
  matchId: string,
  claim: string,
  outcome: Outcome,
): Promise<void> {
  const at = now();
  const stored = await inTransaction(
    db,
    async (tx) => {
      if (!(await lockClaimed(tx, matchId, claim))) return false;
      await storeVerdict(tx, must(await findReplay(tx, matchId), "it is locked"), outcome, at);
      return true;
    },
    { repeatable: "store verdict" },
  );
  if (!stored) return;
  metrics.judged(outcome);
  const { verdict, reason, detail } = outcome;
  if (verdict === "suspect") log.error({ matchId, reason, detail }, "a match is suspect: its result is another one");
  else log.info({ matchId, verdict, reason, detail }, "a replay was verified");
}
