// Each process is ready by itself; what it lacks of others is told beside that, and the system as a whole is healthy only when a
// match can be played.
import { describeWithServers, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { comparedWithTable } from "./dependencies.ts";
import { NAMES, startSystem } from "./system.ts";

/** What is a process's own. */
const OWN = new Set(["database", "signingKey", "signing key", "keys", "schema", "draining"]);

describeWithServers("readiness", () => {
  it("depends on no other process; what is missing is told, and the system is not healthy", async () => {
    await using system = await startSystem({ nginx: false });
    const admin = (name: string): string => `http://127.0.0.1:${system.env[`${name}_ADMIN_PORT`]}`;
    const status = async (name: string): Promise<Record<string, unknown>> =>
      (await (await fetch(`${admin(name)}/statusz`)).json()) as Record<string, unknown>;
    const ready = async (name: string): Promise<number> => (await fetch(`${admin(name)}/readyz`)).status;

    for (const name of ["IDENTITY", "MATCH", "RATING", "REPLAY", "CHAT", "MATCHMAKER", "SHARD", "GATEWAY", "EDGE"]) {
      const said = await status(name);
      expect(said, name).toMatchObject({ failures: {}, missing: {} });
      // This system has no Kafka: events wait in the outbox, and all else is as ever.
      expect(said["status"], name).toBe(["IDENTITY", "MATCH", "RATING", "REPLAY"].includes(name) ? "degraded" : "ok");
      expect((said["readyDependsOn"] as string[]).filter((one) => !OWN.has(one))).toEqual([]);
    }

    // The gateway links to the shard as soon as the matchmaker has told it of it.
    await until(async () => (await comparedWithTable(system, ["kafka"])).unused[0]);
    expect((await comparedWithTable(system, ["kafka"])).unlisted).toEqual([]);

    await system.stop("matchmaker");
    await until(async () => ((await status("SHARD"))["status"] === "degraded" ? undefined : "lacks nothing"));
    await until(async () => ((await status("GATEWAY"))["status"] === "degraded" ? undefined : "lacks nothing"));
    expect([await ready("SHARD"), await ready("GATEWAY")]).toEqual([200, 200]);
    expect(await status("SHARD")).toMatchObject({ missing: { matchmaker: "no session with the matchmaker" } });
    expect(await (await fetch(`${admin("GATEWAY")}/metrics`)).text()).toMatch(
      /^peer_missing\{.*peer="matchmaker".*\} 1$/m,
    );
    // An answer of a moment ago may be given once more.
    await until(
      async () => ((await fetch(`${system.url}/system/healthz`)).status === 503 ? undefined : "still healthy"),
      2000,
    );

    await system.stop("shard");
    await system.start("matchmaker");
    expect(await ready("MATCHMAKER")).toBe(200); // at once, though no shard is connected
    expect(await status("MATCHMAKER")).toMatchObject({
      status: "degraded",
      missing: { shards: "no shard is connected" },
    });
    await system.start("shard");
    await until(async () => ((await fetch(`${system.url}/system/healthz`)).ok ? undefined : "not healthy"));

    // Nobody else is there, and its database is: what tools/manifests takes for granted of /readyz.
    for (const name of NAMES) await system.stop(name);
    for (const name of NAMES) {
      await system.start(name);
      expect(await ready(name.toUpperCase()), `${name}, alone`).toBe(200);
      await system.stop(name);
    }
  });
});
