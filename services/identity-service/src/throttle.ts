// Log-in defence: failures are counted per account and per address, and past a free number each one makes the next
// attempt wait twice as long. An attempt counts as failed from its start, so that many at once cannot slip through.
// A device that has been logged in to the account before has a count of its own: a stranger who fails on purpose
// delays other strangers, not the owner (OWASP: device cookies).
import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { type Database, inTransaction } from "@muster/db";
import { fail } from "./errors.ts";
import type { Tables } from "./schema.ts";
import {
  ensureFailures,
  type Failures,
  forgetFailures,
  holdFailures,
  storeFailures,
  takeFailureBack,
} from "./store/failures.ts";

export interface ThrottleOptions {
  readonly freePerAccount: number;
  readonly freePerAddress: number;
  readonly delayMaxS: number;
  readonly now: () => Date;
}

export interface Attempt {
  /** The password was right. */
  succeeded(): Promise<void>;
  /** It was never checked. */
  withdrawn(): Promise<void>;
}

export interface Throttle {
  /**
   * Counts an attempt to log in. `account` is the name key, whether or not it exists; `device` is set for a device
   * that the account knows.
   * @throws AppError too_many_attempts with details.retryAfterS
   */
  attempt(db: Database<Tables>, who: { account: string; device?: string; address: string }): Promise<Attempt>;
}

const LONG_AGO = new Date(0);
/** Failures that lie back longer than this are forgotten. */
export const FAILURES_LAST_MS = 24 * 3600 * 1000;

export function createThrottle(options: ThrottleOptions): Throttle {
  const { now } = options;
  return {
    async attempt(db, { account, device, address }) {
      const byAccount = subjectOf("account", account, device ?? "");
      const byAddress = address === "" ? undefined : subjectOf("address", networkOf(address));
      const subjects = [
        { subject: byAccount, free: options.freePerAccount },
        ...(byAddress ? [{ subject: byAddress, free: options.freePerAddress }] : []),
      ];
      const all = subjects.map(({ subject }) => subject);
      await ensureFailures(db, all, now());
      const waitMs = await inTransaction(db, async (tx) => {
        const counts: { held: Failures; free: number }[] = [];
        for (const { subject, free } of subjects) {
          // One that a success has just deleted counts as none; the update below then changes nothing.
          const none = { subject, failures: 0, last_failed_at: LONG_AGO, blocked_until: LONG_AGO };
          counts.push({ held: (await holdFailures(tx, subject)) ?? none, free });
        }
        const at = now(); // with the locks in hand: whoever had them before us was earlier
        const wait = Math.max(...counts.map(({ held }) => held.blocked_until.getTime() - at.getTime()));
        if (wait > 0) return wait;
        for (const { held, free } of counts) await storeFailures(tx, oneMore(held, free, at, options.delayMaxS));
        return 0;
      });
      if (waitMs > 0) throw fail("too_many_attempts", { details: { retryAfterS: Math.ceil(waitMs / 1000) } });
      return {
        async succeeded() {
          await forgetFailures(db, byAccount);
          if (byAddress) await takeFailureBack(db, byAddress, now());
        },
        async withdrawn() {
          for (const subject of all) await takeFailureBack(db, subject, now());
        },
      };
    },
  };
}

function oneMore(held: Failures, free: number, at: Date, delayMaxS: number): Failures {
  const forgotten = at.getTime() - held.last_failed_at.getTime() > FAILURES_LAST_MS;
  const failures = (forgotten ? 0 : held.failures) + 1;
  const delayS = failures < free ? 0 : Math.min(delayMaxS, 2 ** Math.min(failures - free, 30));
  return { ...held, failures, last_failed_at: at, blocked_until: new Date(at.getTime() + delayS * 1000) };
}

/** An IPv6 customer has a /64: one address more is no other caller. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1] as string;
  const [head = "", tail = ""] = address.split("::");
  const left = head.split(":").filter(Boolean);
  const right = tail.split(":").filter(Boolean);
  const missing = address.includes("::") ? Array<string>(8 - left.length - right.length).fill("0") : [];
  return [...left, ...missing, ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

function subjectOf(...parts: readonly string[]): Buffer {
  return createHash("sha256").update(JSON.stringify(parts)).digest();
}
