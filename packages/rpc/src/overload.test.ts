// A server at twice what it can do: what is critical goes on, what is not is refused, and no less is done than at its best. Longer, and
// with a whole system: the drills.
import { fork } from "node:child_process";
import { once } from "node:events";
import { IdentityService } from "@muster/contracts/identity/v2";
import { anyMethods } from "@muster/resilience/testing";
import { CRITICALITIES, type Criticality, withCriticality } from "@muster/runtime";
import { afterEach, expect, it } from "vitest";
import { createRpcClient, type RpcClient } from "./client.ts";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const WORK_MS = 5;
const [PEAK_MS, SETTLE_MS, OVERLOAD_MS] = [1000, 1500, 3000];
/** Of what the server does at its best: twice as much in all. */
const LOAD: Readonly<Record<Criticality, number>> = {
  "critical-plus": 0.1,
  critical: 0.2,
  "sheddable-plus": 0.3,
  sheddable: 1.4,
};
const DEADLINE_MS = 2000;
/** Anything else shows what happens without. */
const SHEDS = process.env["MUSTER_TEST_SHEDS"] ?? "sheds";

type Caller = RpcClient<typeof IdentityService>;
const stops: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function start(): Promise<Caller> {
  const server = fork(new URL("../test/busy-server.ts", import.meta.url), [String(WORK_MS), SHEDS]);
  const exited = once(server, "exit");
  stops.push(() => (server.kill("SIGKILL"), exited));
  const [baseUrl] = (await once(server, "message")) as [string];
  const client = createRpcClient({ service: IdentityService, baseUrl, dependency: anyMethods(DEADLINE_MS) });
  stops.push(() => client.stop?.());
  return client;
}

/** A few callers without a pause. @returns calls a second */
async function peakOf({ call }: Caller, forMs: number): Promise<number> {
  let answered = 0;
  const until = performance.now() + forMs;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await call.getProfile({ playerId: PLAYER });
      answered++;
    }
  };
  await Promise.all([caller(), caller(), caller(), caller()]);
  return answered / (forMs / 1000);
}

interface Outcome {
  readonly share: number;
  readonly latenciesMs: readonly number[];
}

/** Calls come whether or not others have been answered. */
async function overload(
  { call }: Caller,
  peakPerS: number,
  forMs: number,
): Promise<{ readonly of: Readonly<Record<Criticality, Outcome>>; readonly goodput: number }> {
  const beganAt = performance.now();
  const sent = Object.fromEntries(CRITICALITIES.map((of) => [of, [] as Promise<number | undefined>[]])) as Record<
    Criticality,
    Promise<number | undefined>[]
  >;
  let answeredInTime = 0;
  const send = async (of: Criticality): Promise<number | undefined> => {
    const at = performance.now();
    return withCriticality(of, () => call.getProfile({ playerId: PLAYER })).then(
      () => {
        if (inTime(performance.now())) answeredInTime++;
        return performance.now() - at;
      },
      () => undefined,
    );
  };
  const inTime = (at: number): boolean => at - beganAt < forMs;
  for (let at = 0; at < forMs; at = performance.now() - beganAt) {
    for (const of of CRITICALITIES) while (sent[of].length < (LOAD[of] * peakPerS * at) / 1000) sent[of].push(send(of));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const outcomes = await Promise.all(
    CRITICALITIES.map(async (of) => {
      const all = await Promise.all(sent[of]);
      const latenciesMs = all.filter((ms) => ms !== undefined).toSorted((a, b) => a - b);
      return [of, { share: latenciesMs.length / all.length, latenciesMs }] as const;
    }),
  );
  const of = Object.fromEntries(outcomes) as unknown as Readonly<Record<Criticality, Outcome>>;
  return { of, goodput: (1000 * answeredInTime) / forMs };
}

it("at twice its capacity, a server refuses the least critical first and does as much as at its best", async () => {
  const client = await start();
  await peakOf(client, 500); // warms up
  const peakPerS = await peakOf(client, PEAK_MS);
  await overload(client, peakPerS, SETTLE_MS);
  const { of, goodput } = await overload(client, peakPerS, OVERLOAD_MS);
  const slowest = CRITICALITIES.flatMap((each) => of[each].latenciesMs).toSorted((a, b) => a - b);
  const shares = CRITICALITIES.map((each) => of[each].share);
  const p99Ms = slowest[Math.floor(slowest.length * 0.99)] as number;
  const figures = JSON.stringify({ peakPerS, goodput, shares, p99Ms });
  if (process.env["MUSTER_TEST_FIGURES"]) process.stderr.write(`${figures}\n`);
  expect(of["critical-plus"].share, figures).toBeGreaterThanOrEqual(0.99);
  expect(of.critical.share, figures).toBeGreaterThanOrEqual(0.99);
  expect(shares, figures).toEqual(shares.toSorted((a, b) => b - a));
  expect(of.sheddable.share, figures).toBeLessThan(0.5);
  expect(goodput, figures).toBeGreaterThan(0.9 * peakPerS);
  expect(p99Ms, figures).toBeLessThan(0.75 * DEADLINE_MS);
});
