// A server runs no more calls at once than its limit, however many its callers send.
import { connect } from "node:http2";
import { once } from "node:events";
import { createConnection } from "node:net";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics } from "@muster/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRpcClient, type RpcClient } from "./client.ts";
import { createRpcServer, type RpcServer } from "./server.ts";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const CALLS_MAX = 256;

let server: RpcServer;
type Caller = RpcClient<typeof IdentityService>;
const clients: Caller[] = [];
let [running, most] = [0, 0];

beforeAll(async () => {
  const getProfile = async (): Promise<Record<string, never>> => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 50));
    running--;
    return {};
  };
  server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    routes: (router) => router.service(IdentityService, { getProfile }),
  });
  await server.start?.();
});
afterAll(async () => {
  for (const client of clients) await client.stop?.();
  await server.stop?.();
});

/** The first call makes the connection. */
async function connected(): Promise<Caller> {
  const client = createRpcClient({ service: IdentityService, baseUrl: server.url, dependency: anyMethods(20_000) });
  clients.push(client);
  await client.call.getProfile({ playerId: PLAYER });
  return client;
}

it.each([1, 4])(
  "holds its limit over %i callers with 700 calls ready, and serves them all",
  { timeout: 20_000 },
  async (count) => {
    for (const client of clients.splice(0)) await client.stop?.();
    const callers: Caller[] = [];
    while (callers.length < count) callers.push(await connected());
    for (const { call } of callers) await call.getProfile({ playerId: PLAYER }); // each knows its share by now
    most = 0;
    const calls = Array.from({ length: 700 }, (_, i) =>
      (callers[i % count] as Caller).call.getProfile({ playerId: PLAYER }),
    );
    expect(await Promise.all(calls)).toHaveLength(700);
    expect(most).toBeLessThanOrEqual(CALLS_MAX);
    expect(most).toBeGreaterThan(CALLS_MAX / 4); // what nobody else uses is there to be used
  },
);

it("ends no connection because others come and go, not even one that confirms nothing meanwhile", async () => {
  const { hostname, port } = new URL(server.url);
  const still = createConnection(Number(port), hostname);
  let ended = false;
  still.on("close", () => (ended = true));
  still.resume();
  still.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  still.write(Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0)); // its own SETTINGS, empty; it acknowledges none
  const busy = await connected();
  for (let round = 0; round < 6; round++) {
    const sessions = Array.from({ length: 40 }, () => connect(server.url));
    await Promise.all(sessions.map((session) => once(session, "remoteSettings")));
    await busy.call.getProfile({ playerId: PLAYER });
    await Promise.all(sessions.map((session) => (session.destroy(), once(session, "close"))));
  }
  await busy.call.getProfile({ playerId: PLAYER });
  expect(ended).toBe(false);
  still.destroy();
});

it("goes on when connections break off, all at once", async () => {
  const sessions = Array.from({ length: 20 }, () => connect(server.url));
  await Promise.all(sessions.map((session) => once(session, "remoteSettings")));
  for (const session of sessions) session.destroy();
  await (await connected()).call.getProfile({ playerId: PLAYER });
});
