// Runs the rendered manifests of the local overlay on an imitated cluster.
import { render } from "@muster/manifests/render";
import { sleep } from "@muster/runtime";
import { Cluster } from "./cluster.ts";
import type { Engine } from "./engine.ts";
import { playSmokeMatch, untilHealthy } from "./smoke.ts";

/** Longer than a readiness probe takes to notice: 2 failures, 3 s apart. */
const NOTICED_AFTER_MS = 10_000;

export async function tryManifests(engine: Engine): Promise<void> {
  await using cluster = await Cluster.start(engine, render("overlays/local"));
  const startedAt = performance.now();
  await cluster.untilReady();
  await untilHealthy(cluster.url);
  await playSmokeMatch(cluster.url);
  console.log(
    `  all pods started at once: ready, and smoke match passed, after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  );

  await cluster.removePod("matchmaker-0");
  await sleep(NOTICED_AFTER_MS);
  const unready = cluster.pods().filter(({ pod, isReady }) => !pod.ends && !isReady);
  if (unready.length > 0)
    throw new Error(`not ready without the matchmaker: ${unready.map(({ pod }) => pod.name).join(", ")}`);
  console.log("  matchmaker removed: all other pods stay ready");
  await cluster.startPod("matchmaker-0");
  await cluster.untilReady();
  await untilHealthy(cluster.url);
  await playSmokeMatch(cluster.url);
  console.log("  matchmaker started again at another address: smoke match passed");
}
