// A client that holds its connection open and never asks for a WebSocket does not keep a gateway from stopping.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";

const STOP_MS_MAX = 4000;
const PROGRAM = new URL("../../test/stop-process.ts", import.meta.url).pathname;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

it("ends within its time while clients say nothing, or half of a request", async () => {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  for (const said of ["", "GET /v1/realtime HTTP/1.1\r\nhost: localhost\r\n"]) {
    const socket = connect(Number(port), "127.0.0.1").resume();
    sockets.push(socket.on("error", () => undefined));
    await once(socket, "connect");
    socket.write(said);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  const since = performance.now();
  child.stdin.write("stop");
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(0);
  expect(performance.now() - since).toBeLessThan(STOP_MS_MAX);
}, 60_000);
