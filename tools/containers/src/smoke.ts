import path from "node:path";
import { paths } from "@muster/local";
import { sleep, until } from "@muster/runtime";
import { command } from "./command.ts";

const SMOKE_WITHIN_MS = 200_000;
const HEALTHY_WITHIN_MS = 120_000;
const ASK_EVERY_MS = 500;

/** Waits until the ingress says that everything is healthy. @throws Error with what it said last */
export async function untilHealthy(url: string): Promise<void> {
  let said = "nothing";
  await until(async () => {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) }).catch((err: unknown) => err);
    if (answer instanceof Response && answer.ok) return undefined;
    said = answer instanceof Response ? `${answer.status} ${await answer.text()}` : String(answer);
    await sleep(ASK_EVERY_MS);
    return said;
  }, HEALTHY_WITHIN_MS);
}

/** One real match through the ingress. */
export async function playSmokeMatch(url: string): Promise<void> {
  await command("bash", [path.join(paths.root, "scripts/smoke.sh"), url], { withinMs: SMOKE_WITHIN_MS });
}
