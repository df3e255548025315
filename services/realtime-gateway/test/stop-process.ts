// A process with nothing but the gateway's sockets: says its port, stops when told to, and ends by itself once nothing keeps it.
import { listen } from "../src/connection/ws.ts";

const server = await listen<object>(
  {
    host: "127.0.0.1",
    port: 0,
    idleTimeoutS: 32,
    sendBufferBytesMax: 65_536,
    inputBatchWindowMs: 4,
    wakeUpCoalescingMs: 1,
  },
  {
    admit: () => ({ address: "127.0.0.1" }),
    open: () => ({}),
    message: () => undefined,
    input: () => undefined,
    readAhead: () => undefined,
    ping: () => undefined,
    pong: () => undefined,
    drain: () => undefined,
    close: () => undefined,
  },
);
process.stdout.write(`${server.port}\n`);
process.stdin.once("data", () => {
  server.close();
  server.cutAll();
  process.stdin.destroy();
});
