// Several replicas of one callee, each an address of its host name: calls are spread over them, a new one gets its share, and one that does
// not answer, or fails, does not get calls for ever.
import { createServer, type Server } from "node:net";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics } from "@muster/runtime";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { RESOLVE_EVERY_MS } from "./channel.ts";
import { createRpcClient, type RpcClient, type RpcClientOptions } from "./client.ts";
import { createRpcServer, type RpcServer } from "./server.ts";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const log = createLogger("test", "silent");
/** Short for a replica that stands still, long for one on a busy machine. */
const CALL_MS = 400;
const PATIENT = { dependency: anyMethods(5000, { attempts: 1 }) };
const LEFT_OUT_MS = 400;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Behaviour = "answers" | "stands still" | "fails" | "is slow";

class Replica {
  behaviour: Behaviour = "answers";
  calls = 0;
  readonly server: RpcServer;
  readonly host: string;

  constructor(host: string, port: number) {
    this.host = host;
    this.server = createRpcServer({
      host,
      port,
      log,
      metrics: createMetrics("test"),
      routes: (router) =>
        router.service(IdentityService, { getProfile: (_request, { signal }) => this.#answer(signal) }),
    });
    closing.push(() => this.server.stop?.());
  }

  async #answer(signal: AbortSignal): Promise<object> {
    this.calls++;
    if (this.behaviour === "fails") throw new ConnectError("out of order", Code.Internal);
    if (this.behaviour === "is slow") await new Promise((resolve) => setTimeout(resolve, 300));
    if (this.behaviour === "stands still") await new Promise((resolve) => signal.addEventListener("abort", resolve));
    return {};
  }

  take(): number {
    const { calls } = this;
    this.calls = 0;
    return calls;
  }
}

async function replicas(hosts: readonly string[]): Promise<Replica[]> {
  let port = 0;
  const all: Replica[] = [];
  for (const host of hosts) {
    const replica = new Replica(host, port);
    await replica.server.start?.();
    port = Number(new URL(replica.server.url).port);
    all.push(replica);
  }
  return all;
}

function clientOf(
  url: string,
  hosts: readonly string[],
  more: Partial<RpcClientOptions<typeof IdentityService>> = {},
): RpcClient<typeof IdentityService> {
  const client = createRpcClient({
    service: IdentityService,
    baseUrl: `http://callee:${new URL(url).port}`,
    dependency: anyMethods(CALL_MS, { attempts: 1 }),
    resolve: async () => [...hosts],
    leftOutMs: LEFT_OUT_MS,
    ...more,
  });
  closing.push(() => client.stop?.());
  return client;
}

/** One call every few milliseconds, as callers make them that do not wait for each other. @returns how many failed */
async function load(client: RpcClient<typeof IdentityService>, count: number, everyMs = 2): Promise<number> {
  let failed = 0;
  const calls: Promise<unknown>[] = [];
  for (let i = 0; i < count; i++) {
    calls.push(client.call.getProfile({ playerId: PLAYER }).catch(() => failed++));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await Promise.all(calls);
  return failed;
}

async function gets(replica: Replica, calls: number, client: RpcClient<typeof IdentityService>): Promise<void> {
  const look = async (): Promise<void> => {
    await load(client, 3);
    expect(replica.calls).toBeGreaterThanOrEqual(calls);
  };
  await vi.waitFor(look, 4000);
}

describe("the replicas of a callee", () => {
  it("share the calls, and a new one gets its share once the name leads to it", async () => {
    const [one, two, three] = (await replicas(["127.0.0.2", "127.0.0.3", "127.0.0.4"])) as [Replica, Replica, Replica];
    const hosts = [one.host, two.host];
    const client = clientOf(one.server.url, hosts, { ...PATIENT, resolveEveryMs: 100 });
    await load(client, 10);
    [one, two].map((replica) => replica.take());
    expect(await load(client, 60)).toBe(0);
    for (const replica of [one, two]) expect(replica.take()).toBeGreaterThanOrEqual(25);
    hosts.push(three.host);
    await gets(three, 1, client);
    [one, two, three].map((replica) => replica.take());
    expect(await load(client, 90)).toBe(0);
    for (const replica of [one, two, three]) expect(replica.take()).toBeGreaterThanOrEqual(25);
    // In operation that is the same with longer times: a fifth more at most, and a second to connect.
    expect(RESOLVE_EVERY_MS * 1.2 + 1000).toBeLessThan(30_000);
  });

  it.each<Behaviour>(["stands still", "fails"])(
    "do without one that %s, try it with single calls, and give it its share when it is well again",
    async (behaviour) => {
      const metrics = createMetrics("test");
      const [bad, ...good] = (await replicas(["127.0.0.2", "127.0.0.3", "127.0.0.4"])) as [Replica, Replica, Replica];
      const client = clientOf(
        bad.server.url,
        [bad, ...good].map(({ host }) => host),
        { metrics },
      );
      await load(client, 15);
      bad.behaviour = behaviour;
      bad.take();
      const failed = await load(client, 150);
      expect(failed, "until it is left out, of a share of 50").toBeLessThanOrEqual(30);
      bad.take();
      expect(await load(client, 120), "while it is left out, or tried, of a share of 40").toBeLessThanOrEqual(10);
      expect(await metrics.metrics()).toMatch(/rpc_client_replicas_left_out_total\{[^}]*\} 1$/m);
      bad.behaviour = "answers";
      await gets(bad, 6, client);
      bad.take();
      await load(client, 60);
      expect(bad.take()).toBeGreaterThanOrEqual(15);
    },
  );

  it("give a slow one less than its share, and their callers few of its answers", async () => {
    const [slow, ...good] = (await replicas(["127.0.0.2", "127.0.0.3", "127.0.0.4"])) as [Replica, Replica, Replica];
    slow.behaviour = "is slow";
    const client = clientOf(
      slow.server.url,
      [slow, ...good].map(({ host }) => host),
      PATIENT,
    );
    expect(await load(client, 300)).toBe(0);
    expect(slow.take()).toBeLessThan(80);
  });

  it("do without one whose address takes connections and says nothing", async () => {
    const [good] = (await replicas(["127.0.0.3"])) as [Replica];
    const port = Number(new URL(good.server.url).port);
    const mute: Server = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => mute.listen(port, "127.0.0.2", resolve));
    closing.push(() => mute.close());
    const client = clientOf(good.server.url, ["127.0.0.2", "127.0.0.3"], { pings: { everyMs: 100, answerMsMax: 100 } });
    await load(client, 150);
    const failed = await load(client, 200);
    expect(failed, "of a share of 100").toBeLessThanOrEqual(20);
  });

  it("are all asked when all fail: none is left out", async () => {
    const all = await replicas(["127.0.0.2", "127.0.0.3"]);
    for (const replica of all) replica.behaviour = "fails";
    const metrics = createMetrics("test");
    const client = clientOf((all[0] as Replica).server.url, ["127.0.0.2", "127.0.0.3"], { metrics });
    expect(await load(client, 60)).toBe(60);
    for (const replica of all) expect(replica.take()).toBeGreaterThanOrEqual(25);
    expect(await metrics.metrics()).not.toMatch(/rpc_client_replicas_left_out_total\{/);
  });
});
