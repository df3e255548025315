// A thread that takes upgrades, and closes with 4500 at the first byte, reading on as the gateway does. Tells its port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

const CLOSE_FRAME = Buffer.of(0x88, 2, 0x11, 0x94);

const server = createServer().on("upgrade", (_asked, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  socket.once("data", () => socket.end(CLOSE_FRAME)).on("error", () => undefined);
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
