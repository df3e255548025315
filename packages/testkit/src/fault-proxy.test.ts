import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type FaultProxy, openFaultProxy } from "./fault-proxy.ts";
import { until } from "./until.ts";

let echo: Server;
let proxy: FaultProxy;
const sockets = new Set<Socket>();

beforeEach(async () => {
  echo = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  proxy = await openFaultProxy({ to: { host: "127.0.0.1", port: (echo.address() as AddressInfo).port } });
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

async function opened(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1", noDelay: true });
  sockets.add(socket);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  await until(() => (proxy.open > 0 ? undefined : "not through"));
  return socket;
}

async function echoMs(socket: Socket): Promise<number> {
  const since = performance.now();
  socket.write("?");
  await once(socket, "data");
  return performance.now() - since;
}

/** Whether anything comes, or the connection ends, within so many ms. */
async function silentFor(socket: Socket, ms: number): Promise<boolean> {
  let heard = false;
  for (const event of ["data", "close", "end"]) socket.once(event, () => (heard = true));
  socket.write("?");
  await new Promise((resolve) => setTimeout(resolve, ms));
  return !heard;
}

it("delays both ways, in order, and no more once mended", async () => {
  const socket = await opened();
  proxy.faults.latencyMs = 100;
  proxy.faults.jitterMs = 50;
  expect(await echoMs(socket)).toBeGreaterThan(195);
  const sent = Buffer.from(Array.from({ length: 200 }, (_, i) => i));
  const got: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => got.push(chunk));
  for (const byte of sent) {
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until(() => (Buffer.concat(got).length === sent.length ? undefined : "not all"));
  expect(Buffer.concat(got)).toEqual(sent);
  proxy.mend();
  expect(await echoMs(socket)).toBeLessThan(100);
});

it("holds a client to its bandwidth", async () => {
  const socket = await opened();
  proxy.faults.bytesPerS = 200_000;
  const since = performance.now();
  let got = 0;
  socket.on("data", (chunk: Buffer) => (got += chunk.length));
  socket.write(Buffer.alloc(100_000));
  await until(() => (got === 100_000 ? undefined : `${got} bytes`));
  expect(performance.now() - since).toBeGreaterThan(250);
});

it("a dead link says nothing to anyone, loses nothing that was sent, and goes on once mended", async () => {
  const before = await opened();
  proxy.faults.dead = true;
  const after = await opened();
  expect(await Promise.all([silentFor(before, 200), silentFor(after, 200)])).toEqual([true, true]);
  const answers = [once(before, "data"), once(after, "data")];
  proxy.mend();
  await Promise.all(answers);
});

it("cuts and resets what is open, and turns away who comes while it refuses", async () => {
  const socket = await opened();
  const closed = once(socket, "close");
  proxy.cut();
  await closed;
  const other = await opened();
  const reset = once(other, "error");
  proxy.cut("reset");
  expect((await reset)[0]).toMatchObject({ code: "ECONNRESET" });
  proxy.faults.refusing = true;
  const refused = connect({ port: proxy.port, host: "127.0.0.1" });
  refused.on("error", () => undefined);
  await new Promise((resolve) => refused.once("close", resolve));
});

it("a forgotten connection is over for the server, and the client hears nothing until the link is mended", async () => {
  const socket = await opened();
  await echoMs(socket);
  const [atServer] = [...sockets].filter((one) => one.localPort === (echo.address() as AddressInfo).port);
  const ended = once(atServer as Socket, "close");
  proxy.forgetClients();
  await ended;
  expect(await silentFor(socket, 150)).toBe(true);
  const closed = once(socket, "close");
  proxy.mend();
  await closed;
});
