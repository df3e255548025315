import { sleep } from "@muster/runtime";
import type { Attack, AttackCounts, Target } from "./attack.ts";
import type { Observation } from "./honest/activity.ts";
import type { HonestProcess } from "./honest/process.ts";

export interface Outcome {
  readonly attack: Attack;
  readonly calm: Observation;
  readonly attacked: Observation;
  readonly counts: AttackCounts;
  /** Why the system failed; empty if it passed. */
  readonly problems: readonly string[];
}

/** Attacks that do not stop when told are given up after this. */
const STOP_WITHIN_MS = 30_000;

/** Honest players alone for `calmSeconds`, then beside the attack for `seconds`. */
export async function runAttack(
  attack: Attack,
  parts: {
    readonly target: Target;
    readonly honest: HonestProcess;
    readonly seconds: number;
    readonly calmSeconds: number;
    readonly patience?: number;
  },
): Promise<Outcome> {
  const { target, honest, seconds, calmSeconds, patience = 1 } = parts;
  await honest.start(attack.honest);
  try {
    const calm = await honest.during(() => sleep(calmSeconds * 1000));
    const strike = await attack.prepare(target);
    const stop = new AbortController();
    let counts: Promise<AttackCounts> | undefined;
    let attacked: Observation;
    try {
      attacked = await honest.during(async () => {
        counts = strike(stop.signal);
        await Promise.race([sleep(seconds * 1000), counts]); // one that fails fails here
      });
    } finally {
      stop.abort(); // whatever happens, the next attack is alone
    }
    const done = await Promise.race([counts, sleep(STOP_WITHIN_MS)]);
    if (!done) throw new Error(`${attack.name} did not stop within ${STOP_WITHIN_MS / 1000} s`);
    return { attack, calm, attacked, counts: done, problems: problemsOf(attack, attacked, done, patience) };
  } finally {
    await honest.stop();
  }
}

/** `patience`: how many times as much may be lost, where the machine has other work besides. */
function problemsOf(attack: Attack, attacked: Observation, counts: AttackCounts, patience: number): string[] {
  const shareMin = 1 - Math.min(1, (1 - attack.shareMin + (patience > 1 ? 0.02 : 0)) * patience);
  const worstMsMax = attack.worstMsMax * patience;
  const problems: string[] = [];
  if (attacked.expected === 0) problems.push("the honest players recorded no activity");
  const share = shareOf(attacked);
  if (share < shareMin)
    problems.push(`only ${percent(share)} of the honest activity succeeded; the minimum is ${percent(shareMin)}`);
  if (attacked.worstMs > worstMsMax)
    problems.push(`an honest step took ${attacked.worstMs.toFixed(0)} ms; the maximum is ${worstMsMax} ms`);
  const landed = attack.landed.some((name) => (counts[name] ?? 0) > 0);
  if (!landed) problems.push(`the attack had no effect: none of ${attack.landed.join(", ")} was counted`);
  const broken = attack.broken?.(counts);
  if (broken !== undefined) problems.push(broken);
  return problems;
}

/** What worked of what should have; at most 1: a match may deliver a frame more than its time says. */
export function shareOf({ expected, worked }: Observation): number {
  return expected === 0 ? 1 : Math.min(1, worked / expected);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
