import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createSystemHealth } from "./system-health.ts";

const servers: Server[] = [];

/** One port on several loopback addresses: the instances behind one name. */
async function instances(answers: Readonly<Record<string, readonly [status: number, body: object]>>): Promise<number> {
  let port = 0;
  for (const [address, [status, body]] of Object.entries(answers)) {
    const server = createServer((_req, res) => res.writeHead(status).end(JSON.stringify(body)));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
    port = (server.address() as AddressInfo).port;
  }
  return port;
}

const OK = [200, { status: "ok", failures: {} }] as const;
const unready = (failure: string) => [503, { status: "unready", failures: { [failure]: "why" } }] as const;

describe("the health of the system", () => {
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  const stateOf = async (port: number, addresses: readonly string[]): Promise<string | undefined> => {
    const health = createSystemHealth({ shard: `http://shard:${port}/statusz` }, { resolve: async () => addresses });
    const { status, processes } = await health();
    const state = processes["shard"];
    expect(status).toBe(state === "ok" ? "ok" : state?.startsWith("degraded: ") ? "degraded" : "unhealthy");
    return state;
  };

  it("asks each instance behind a name, whichever comes first", async () => {
    const port = await instances({ "127.0.0.1": OK, "127.0.0.2": OK, "127.0.0.3": unready("database") });
    expect(await stateOf(port, ["127.0.0.1", "127.0.0.2", "::1", "127.0.0.1"])).toBe("ok");
    for (const order of [
      ["127.0.0.1", "127.0.0.2", "127.0.0.3"],
      ["127.0.0.3", "127.0.0.1", "127.0.0.2"],
    ])
      expect(await stateOf(port, order)).toMatch(
        /^1 of 3 instances are not healthy: 127\.0\.0\.3 answers 503: .*"database"/,
      );
  });

  it("knows one that is gone from one that leaves while others stay", async () => {
    const port = await instances({
      "127.0.0.1": OK,
      "127.0.0.2": unready("draining"),
      "127.0.0.3": unready("starting"),
    });
    expect(await stateOf(port, ["127.0.0.1", "127.0.0.2", "127.0.0.3"])).toBe("ok");
    expect(await stateOf(port, ["127.0.0.2", "127.0.0.3"])).toMatch(/^2 of 2 instances are not healthy/);
    expect(await stateOf(port, ["127.0.0.2"])).toMatch(/^answers 503/);
    expect(await stateOf(port, ["127.0.0.1", "127.0.0.9"])).toMatch(/^1 of 2 .*127\.0\.0\.9 does not answer/);
  });

  it("is degraded, and no worse, while a process's work waits for a server that is away", async () => {
    const waiting = [200, { status: "degraded", failures: {}, waiting: { kafka: "no answer" } }] as const;
    const port = await instances({ "127.0.0.1": OK, "127.0.0.2": waiting, "127.0.0.3": unready("database") });
    expect(await stateOf(port, ["127.0.0.1", "127.0.0.2"])).toBe("degraded: kafka: no answer");
    expect(await stateOf(port, ["127.0.0.2"])).toBe("degraded: kafka: no answer");
    expect(await stateOf(port, ["127.0.0.2", "127.0.0.3"])).toMatch(/^1 of 2 .*127\.0\.0\.3 answers 503/);
  });

  it("is not good when a name leads nowhere", async () => {
    expect(await stateOf(1, [])).toBe("has no address");
    const lost = createSystemHealth(
      { shard: "http://shard:1/statusz" },
      { resolve: () => Promise.reject(new Error("ENOTFOUND")) },
    );
    expect(await lost()).toMatchObject({
      status: "unhealthy",
      processes: { "edge-api": "ok", shard: "has no address: ENOTFOUND" },
    });
  });

  it("keeps what each instance said of itself, also of one that leaves, and of one that is silent that it is", async () => {
    const about = { instanceId: "i", version: "1", startedAt: "2026-11-28T00:00:00.000Z" };
    const said = { failures: { draining: "why" }, missing: {}, readyDependsOn: ["draining"], about };
    const port = await instances({ "127.0.0.1": OK, "127.0.0.2": [503, said] });
    const resolve = async (): Promise<string[]> => ["127.0.0.1", "127.0.0.2", "127.0.0.9"];
    const { processes, instances: found } = await createSystemHealth({ shard: `http://shard:${port}/` }, { resolve })();
    expect(processes["shard"]).toMatch(/^1 of 2 .*127\.0\.0\.9 does not answer/);
    expect(found["shard"]).toMatchObject([
      { address: "127.0.0.1", answer: "ok" },
      { address: "127.0.0.2", said },
      { address: "127.0.0.9", answer: expect.stringMatching(/^does not answer/) as unknown, said: undefined },
    ]);
  });

  it("is not healthy while edge-api itself cannot reach who is there", async () => {
    let missing: string | undefined = "no connection to http://identity-service:7200 for 2.0 s: ECONNREFUSED";
    const health = createSystemHealth({}, { peers: { identity: () => missing, chat: () => undefined } });
    expect(await health()).toMatchObject({
      status: "unhealthy",
      processes: { "edge-api": `cannot reach identity: ${missing}` },
    });
    missing = undefined;
    await expect.poll(health).toMatchObject({ status: "ok", processes: { "edge-api": "ok" } });
  });
});
