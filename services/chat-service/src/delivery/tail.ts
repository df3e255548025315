// What other instances have committed: the `changes` table is read to its end again and again. Positions are given out
// before commits, so one that is missing now may appear later below the end: holes are asked for until they are filled
// or too old. A hint only says where to look; what it leads to is read by change numbers, which have no holes.
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, retryForever } from "@muster/runtime";
import type { Tables } from "../schema.ts";
import { deleteIdleDirectLimits, deleteIdleNetworkLimits } from "../store/directs.ts";
import { deleteOldInvitations } from "../store/invitations.ts";
import { deleteIdleSenders, deleteOldHints, type Hint, lastHint, listHints } from "../store/messages.ts";

export interface TailOptions {
  readonly db: Database<Tables>;
  readonly everyMs: number;
  /** Invitations that are older have ended. */
  readonly invitationMs: number;
  readonly now: () => Date;
  readonly log: Logger;
  onHints(hints: readonly Hint[]): void;
}

export interface Tail extends Component {
  /** Looks now instead of at the next turn. */
  poke(): void;
}

const PAGE_ROWS = 1000;
/** A transaction that has not committed by now never will: statements are stopped sooner. */
const HOLE_MS_MAX = 20_000;
/** More at once would be a storm of rollbacks; the oldest are given up. */
const HOLES_MAX = 500;
const KEEP_MS = 3600 * 1000;
const TIDY_EVERY_MS = 60_000;
const TIDY_ROWS = 5000;

export function createTail(options: TailOptions): Tail {
  const { db, now, log } = options;
  const stop = new AbortController();
  const holes = new Map<bigint, number>();
  let running: Promise<void> | undefined;
  let position = 0n;
  let tidiedAt = performance.now();
  let wake: (() => void) | undefined;
  let poked = false;

  const look = async (): Promise<boolean> => {
    const hints = await listHints(db, position, [...holes.keys()], PAGE_ROWS);
    const at = performance.now();
    for (const hint of hints) {
      holes.delete(hint.position);
      const oldest = hint.position - BigInt(HOLES_MAX);
      for (let hole = position < oldest ? oldest : position + 1n; hole < hint.position; hole++) holes.set(hole, at);
      if (hint.position > position) position = hint.position;
    }
    for (const [hole, since] of holes) if (at - since > HOLE_MS_MAX || holes.size > HOLES_MAX) holes.delete(hole);
    if (hints.length > 0) options.onHints(hints);
    return hints.length === PAGE_ROWS;
  };

  /** Sleeps until the next turn, or until somebody pokes. */
  const rest = async (): Promise<void> => {
    if (poked || stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.everyMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wake = undefined;
  };

  const tidy = async (): Promise<void> => {
    if (performance.now() - tidiedAt < TIDY_EVERY_MS) return;
    tidiedAt = performance.now();
    const before = new Date(now().getTime() - KEEP_MS);
    await deleteOldHints(db, before, TIDY_ROWS);
    await deleteIdleSenders(db, before, TIDY_ROWS);
    await deleteIdleDirectLimits(db, before, TIDY_ROWS);
    await deleteIdleNetworkLimits(db, before, TIDY_ROWS);
    await deleteOldInvitations(db, new Date(now().getTime() - options.invitationMs), TIDY_ROWS);
  };

  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      poked = false;
      while (await look());
      await tidy();
      await rest();
    }
  };

  return {
    name: "tail of the changes",
    async start() {
      // A little back: a transaction may be open that has a position below the end already.
      const last = await lastHint(db);
      position = last > BigInt(HOLES_MAX) ? last - BigInt(HOLES_MAX) : 0n;
      running = retryForever(follow, { name: "following the changes", stop: stop.signal, log });
    },
    async stop() {
      stop.abort();
      wake?.();
      await running;
    },
    poke() {
      poked = true;
      wake?.();
    },
  };
}
