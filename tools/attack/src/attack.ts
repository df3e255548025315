import type { HonestActivity } from "./honest/activity.ts";

/** What is attacked. */
export interface Target {
  /** http://host:port of the ingress. */
  readonly url: string;
  /** Of match-service, where what attackers gained can be read: of a system of our own. */
  readonly ratingUrl?: string;
}

/** What an attack did, in numbers: requests sent, refused, accepted … */
export type AttackCounts = Readonly<Record<string, number>>;

/** Attacks until the signal aborts, then resolves soon. */
export type Strike = (signal: AbortSignal) => Promise<AttackCounts>;

export interface Attack {
  readonly name: string;
  /** What it tries to take, from whom: one sentence. */
  readonly takes: string;
  /** The honest activity that would show the loss. */
  readonly honest: HonestActivity;
  /** Passes if at least this share of the honest activity works. */
  readonly shareMin: number;
  /** Seconds that it takes at least until the share of what worked says something. Absent: any time does. */
  readonly secondsMin?: number;
  /** Passes if no honest step takes longer, milliseconds. */
  readonly worstMsMax: number;
  /** Counts that say that the attack reached what it attacks: one of them has to be above 0, or nothing was shown. */
  readonly landed: readonly string[];
  /** Makes the attackers ready: accounts, sockets. Not measured. */
  prepare(target: Target): Promise<Strike>;
  /** What the attackers got that they must not get; undefined when nothing. */
  broken?(counts: AttackCounts): string | undefined;
}
