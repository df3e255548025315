// Log-in throttling. Failures are counted per account and per address; an attempt counts as a failure from its start, so that
// many concurrent attempts cannot slip through. What failures cost depends on the caller:
// - A known device (one that has logged in to the account before, or has an open session) has a count of its own. Past a free
//   number, its wait doubles with each failure (OWASP: device cookies). Nobody else can raise that count.
// - An unknown device is never locked out, since otherwise anybody could lock out any account. Past the free numbers, each
//   attempt needs a proof of work, which gets harder with more failures. The right password with a proof is always accepted.
import { createHash } from "node:crypto";
import { type Database, inTransaction } from "@muster/db";
import { clientNetworkOf, currentBudget, FairLimiter, withBudget } from "@muster/runtime";
import { refusalOf } from "./account-queues.ts";
import type { Challenges } from "./challenges.ts";
import { fail } from "./errors.ts";
import type { Tables } from "./schema.ts";
import {
  ensureFailures,
  type Failures,
  forgetFailures,
  lockFailures,
  noFailures,
  readFailures,
  storeFailures,
  takeFailureBack,
} from "./store/failures.ts";

export interface ThrottleOptions {
  readonly freePerAccount: number;
  readonly freePerAddress: number;
  readonly delayMaxS: number;
  readonly challenges: Challenges;
  readonly now: () => Date;
}

/** `account` is the name key, whether or not it exists. */
export type Contender =
  | { readonly kind: "known"; readonly account: string; readonly device: string }
  | { readonly kind: "unknown"; readonly account: string; readonly address: string; readonly proof: string };

export interface Throttle {
  /**
   * Counts an attempt to log in and runs it. Attempts at one account come a few at a time, so that right ones that come
   * together do not count as each other's failures.
   * @param verify resolves to whether the password was right; if it throws, the password was not verified
   * @throws AppError too_many_attempts (details.retryAfterS), challenge_required (details: a Challenge), busy
   */
  attempt(db: Database<Tables>, who: Contender, verify: () => Promise<boolean>): Promise<boolean>;
}

/** Failures that lie back longer than this are forgotten. */
export const FAILURES_LAST_MS = 24 * 3600 * 1000;

/** A browser takes a tenth of a second for the first, some two seconds for the last; bits of work. */
export const PROOF_BITS_MIN = 16;
export const PROOF_BITS_MAX = 20;
/** A proof may be so much easier than the next one would be: it was asked for before others failed. A store of easy ones is worth nothing. */
const PROOF_BITS_BEHIND_MAX = 1;

/** Of one account, in this process: fewer than it has free. */
const AT_ONCE_PER_ACCOUNT = 3;
const WAITING_PER_ACCOUNT_MAX = 64;
/** Of all accounts. */
const ATTEMPTS_MAX = 4096;
const SETTLE_MS = 2000;

interface Count {
  readonly subject: Buffer;
  readonly free: number;
}

export function createThrottle(options: ThrottleOptions): Throttle {
  const { now } = options;
  /** By account; only those with attempts under way. */
  const accounts = new Map<string, FairLimiter>();
  let attempts = 0;

  /** Networks take turns: a network that pays for many attempts at an account delays its owner by one of them. */
  const queued = async (account: string, network: string, work: () => Promise<boolean>): Promise<boolean> => {
    if (attempts >= ATTEMPTS_MAX) throw fail("busy");
    const queue =
      accounts.get(account) ??
      new FairLimiter({
        runningMax: Math.max(1, Math.min(AT_ONCE_PER_ACCOUNT, options.freePerAccount - 1)),
        waitingMax: WAITING_PER_ACCOUNT_MAX,
        waitingPerSourceMax: WAITING_PER_ACCOUNT_MAX,
      });
    accounts.set(account, queue);
    attempts++;
    try {
      return await queue.run(network, work, currentBudget()?.signal);
    } catch (err) {
      throw refusalOf(err);
    } finally {
      attempts--;
      if (queue.idle) accounts.delete(account);
    }
  };

  /** Counts one more failure of each, unless `refusal` of what they were says why not. */
  const count = async <T>(
    db: Database<Tables>,
    counts: readonly Count[],
    refusal: (stored: readonly { stored: Failures; free: number }[], at: Date) => T | undefined,
  ): Promise<T | undefined> => {
    const subjects = counts.map(({ subject }) => subject);
    await ensureFailures(db, subjects, now());
    return inTransaction(
      db,
      async (tx) => {
        const all: { stored: Failures; free: number }[] = [];
        for (const { subject, free } of counts) {
          // One that a success has just deleted counts as none; the update below then changes nothing.
          all.push({ stored: lately((await lockFailures(tx, subject)) ?? noFailures(subject), now()), free });
        }
        const at = now(); // after taking the locks: earlier holders had an earlier time
        const refused = refusal(all, at);
        if (refused !== undefined) return refused;
        for (const { stored, free } of all) await storeFailures(tx, oneMore(stored, free, at, options.delayMaxS));
        return undefined;
      },
      { repeatable: "count attempt" },
    );
  };

  const settle = async (
    db: Database<Tables>,
    counts: readonly Count[],
    verify: () => Promise<boolean>,
  ): Promise<boolean> => {
    let right: boolean;
    try {
      right = await verify();
    } catch (err) {
      await inOwnTime(async () => {
        for (const { subject } of counts) await takeFailureBack(db, subject, now());
      });
      throw err;
    }
    if (!right) return false;
    const [own, ...shared] = counts as [Count, ...Count[]];
    await inOwnTime(async () => {
      await forgetFailures(db, own.subject);
      for (const { subject } of shared) await takeFailureBack(db, subject, now());
    });
    return true;
  };

  const ofKnown = async (db: Database<Tables>, account: string, device: string, verify: () => Promise<boolean>) => {
    const counts = [{ subject: subjectOf("account", account, device), free: options.freePerAccount }];
    return queued(`known ${account} ${device}`, "", async () => {
      const waitMs = await count(db, counts, ([own], at) => {
        const left = (own as { stored: Failures }).stored.blocked_until.getTime() - at.getTime();
        return left > 0 ? left : undefined;
      });
      if (waitMs !== undefined) throw fail("too_many_attempts", { details: { retryAfterS: Math.ceil(waitMs / 1000) } });
      return settle(db, counts, verify);
    });
  };

  const ofUnknown = async (
    db: Database<Tables>,
    who: Contender & { kind: "unknown" },
    verify: () => Promise<boolean>,
  ) => {
    const network = clientNetworkOf(who.address);
    const counts = [
      { subject: subjectOf("account", who.account, ""), free: options.freePerAccount },
      ...(network === "" ? [] : [{ subject: subjectOf("address", network), free: options.freePerAddress }]),
    ];
    const subject = subjectOf("challenge", who.account, network);
    const refuse = (bits: number): Error =>
      fail("challenge_required", { details: { ...options.challenges.issue(subject, bits) } });
    // Whoever has not paid is sent away before the queue, so that only those who have wait in it.
    const before = await readFailures(
      db,
      counts.map((one) => one.subject),
    );
    const expected = neededBits(counts.map(({ subject: of, free }) => ({ stored: before(of), free })));
    const bitsMin = expected - PROOF_BITS_BEHIND_MAX;
    const proven = who.proof !== "" && (await options.challenges.redeem(db, subject, who.proof, bitsMin));
    if (expected > 0 && !proven) throw refuse(expected);
    return queued(`unknown ${who.account}`, network, async () => {
      const bits = await count(db, counts, (all) => (proven ? undefined : neededBits(all) || undefined));
      if (bits !== undefined) throw refuse(bits);
      return settle(db, counts, verify);
    });
  };

  const neededBits = (all: readonly { stored: Failures; free: number }[]): number =>
    Math.max(...all.map(({ stored, free }) => proofBits(lately(stored, now()).failures, free)));

  return {
    attempt: (db, who, verify) =>
      who.kind === "known" ? ofKnown(db, who.account, who.device, verify) : ofUnknown(db, who, verify),
  };
}

/** Corrects the counts even when the caller's time is over. */
function inOwnTime(work: () => Promise<void>): Promise<void> {
  return withBudget({ deadlineAt: performance.now() + SETTLE_MS, signal: new AbortController().signal }, work);
}

/** Work for an attempt after this many failures, in bits; 0: none. One more bit (twice the work) whenever the failures have doubled. */
export function proofBits(failures: number, free: number): number {
  if (failures < free) return 0;
  return Math.min(PROOF_BITS_MAX, PROOF_BITS_MIN + Math.floor(Math.log2((failures + 1) / free)));
}

function lately(stored: Failures, at: Date): Failures {
  return at.getTime() - stored.last_failed_at.getTime() > FAILURES_LAST_MS ? { ...stored, failures: 0 } : stored;
}

function oneMore(stored: Failures, free: number, at: Date, delayMaxS: number): Failures {
  const failures = stored.failures + 1;
  const delayS = failures < free ? 0 : Math.min(delayMaxS, 2 ** Math.min(failures - free, 30));
  return { ...stored, failures, last_failed_at: at, blocked_until: new Date(at.getTime() + delayS * 1000) };
}

function subjectOf(...parts: readonly string[]): Buffer {
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
