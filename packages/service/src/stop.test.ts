// A client that holds its connection open and says nothing, or not all, does not keep the admin server from stopping.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { afterEach, expect, it } from "vitest";
import { createAdminServer } from "./health.ts";

const STOP_MS_MAX = 1000;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

it.each([
  ["says nothing", ""],
  ["has said half of a request", "GET /metrics HTTP/1.1\r\nhost: localhost\r\n"],
  ["keeps a connection for its next request", "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"],
  ["waits for a check that never ends", "GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n"],
])("stops within its time while a client %s", async (_what, said) => {
  const server = createAdminServer({
    about: { service: "test", instanceId: "1", version: "1", startedAt: new Date() },
    host: "127.0.0.1",
    port: 0,
    metrics: createMetrics("test"),
    log: createLogger("test", "silent"),
    ready: { never: () => new Promise(() => undefined) },
  });
  await server.start?.();
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1").resume();
  sockets.push(socket.on("error", () => undefined));
  await once(socket, "connect");
  socket.write(said);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const since = performance.now();
  await server.stop?.();
  expect(performance.now() - since).toBeLessThan(STOP_MS_MAX);
});
