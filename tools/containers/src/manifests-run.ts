// The local overlay, run by its rendered manifests on a cluster that is imitated.
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
    `  all at once, from nothing: ready, and played after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`,
  );

  await cluster.removePod("matchmaker-0");
  await sleep(NOTICED_AFTER_MS);
  const unready = cluster.pods().filter(({ pod, isReady }) => !pod.ends && !isReady);
  if (unready.length > 0)
    throw new Error(`without the matchmaker unready, too: ${unready.map(({ pod }) => pod.name).join(", ")}`);
  console.log("  without the matchmaker everything else stays ready");
  await cluster.startPod("matchmaker-0");
  await cluster.untilReady();
  await untilHealthy(cluster.url);
  await playSmokeMatch(cluster.url);
  console.log("  and with it again, at another address: played");
}
