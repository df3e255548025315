// A client that holds its connection open, whatever it says on it, does not keep the server from stopping; half-open.test.ts is about streams.
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics } from "@muster/runtime";
import { afterEach, expect, it } from "vitest";
import { createRpcClient } from "./client.ts";
import { createRpcServer, type RpcServer } from "./server.ts";

/** Two seconds for calls under way, one for clients to let go, and a bit. */
const STOP_MS_MAX = 4000;
const ANSWER_MS = 300;
const PATH = `/${IdentityService.typeName}/${IdentityService.method.getProfile.name}`;
const CALL = { ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" };

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function serve(answerMs = 0): Promise<RpcServer> {
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    routes: (router) =>
      router.service(IdentityService, {
        async getProfile() {
          await new Promise((resolve) => setTimeout(resolve, answerMs));
          return {};
        },
      }),
  });
  await server.start?.();
  return server;
}

async function stopMs(server: RpcServer): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const since = performance.now();
  await server.stop?.();
  return performance.now() - since;
}

it.each([
  ["says nothing", ""],
  ["has said half of what opens a connection", "PRI * HTTP/2.0\r\n"],
])("stops within its time while a client %s", async (_what, said) => {
  const server = await serve();
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1").resume();
  closing.push(() => socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(said);
  expect(await stopMs(server)).toBeLessThan(STOP_MS_MAX);
});

it.each([
  ["keeps a connection for its next call", []],
  ["has sent half of a call", [0, 0, 0, 0, 50, 1]],
])("stops within its time while a client %s", async (_what, bytes) => {
  const server = await serve();
  const connection = connectHttp2(server.url);
  closing.push(() => connection.destroy());
  connection.on("error", () => undefined);
  await once(connection, "connect");
  if (bytes.length > 0) {
    const stream = connection.request(CALL).on("error", () => undefined);
    stream.write(Buffer.from(bytes));
  }
  expect(await stopMs(server)).toBeLessThan(STOP_MS_MAX);
});

it("answers a call that is under way before it stops", async () => {
  const server = await serve(ANSWER_MS);
  const client = createRpcClient({ service: IdentityService, baseUrl: server.url, dependency: anyMethods(2000) });
  closing.push(() => client.stop?.());
  const call = client.call.getProfile({ playerId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e" });
  expect(await stopMs(server)).toBeLessThan(STOP_MS_MAX);
  await call;
});
