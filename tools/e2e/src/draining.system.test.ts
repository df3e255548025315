// A process that stops can be watched until it is gone: it is not ready, and its metrics are there.
import { SERVICES } from "@muster/local";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { playing } from "./players.ts";
import { NAMES, type ServiceName, startSystem, type System } from "./system.ts";

const DRAIN_MS = 800;

describeWithServers("a process that stops", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({
      nginx: false,
      env: { GATEWAY_RECONNECT_SPREAD_MS: String(DRAIN_MS), SHARD_DRAIN_WITHIN_MS: String(DRAIN_MS) },
    });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it("has its admin server around everything else, whichever it is", () => {
    expect(SERVICES).toHaveLength(NAMES.length); // every process
    for (const name of NAMES) {
      const { components } = system.app(name);
      expect([components[0], components.at(-1)], name).toEqual(["admin server", "serving"]);
    }
  });

  it.each<[ServiceName, string]>([
    ["gateway", "gateway_players"],
    ["shard", "shard_matches"],
  ])("answers 503 and its metrics for as long as it drains: %s", async (name, gauge) => {
    const { players } = await playing(system, "duel", [0, 0]);
    const port = system.env[`${name.toUpperCase()}_ADMIN_PORT`];
    const get = (what: string): Promise<Response> => fetch(`http://127.0.0.1:${port}/${what}`);
    expect((await get("readyz")).status).toBe(200);
    let stopped = false;
    const stopping = system.stop(name).then(() => (stopped = true));
    const seen: string[] = [];
    while (!stopped) {
      const [ready, metrics] = await Promise.all([get("readyz"), get("metrics")]).catch(() => []);
      if (!ready || !metrics) {
        await until(() => (stopped ? undefined : "the admin server is gone, and the process is not"), 1000);
        break;
      }
      seen.push(`${ready.status} ${new RegExp(`^${gauge}\\{[^}]*\\} (\\d+)$`, "m").exec(await metrics.text())?.[1]}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await stopping;
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.every((line) => line.startsWith("503 "))).toBe(true);
    expect(seen[0]).toMatch(/^503 [12]$/); // the match before may be held on for its players
    for (const { realtime } of players) realtime.close();
    await system.start(name);
    await until(async () => ((await get("readyz")).ok ? undefined : "not ready again"));
  });
});
