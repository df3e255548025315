// Opens authenticated connections on bare sockets, because the client must cost less than what it measures.
// Tokens come on standard input, one per line, followed by "go". Usage: connections-load.ts HOST:PORT AT_ONCE [PER_S, 0: as
// fast as possible]
// Prints a line of JSON when all connections are open, and keeps them open until it is terminated.
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

const [address = "", atOnce = "64", perS = "0"] = process.argv.slice(2);
const [host, port] = address.split(":") as [string, string];
const sockets: Socket[] = [];
const NOTHING = Buffer.alloc(64);

const tokens: string[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "go") break;
  tokens.push(line);
}

/** Resolves with the first frame: the welcome. For the raw server, which says nothing, with the upgrade. */
function open(token: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port),
      noDelay: true,
      // One small buffer for all: what they say is not looked at.
      onread: {
        buffer: () => NOTHING,
        callback: (length: number, bytes: Uint8Array) => {
          const text = upgraded ? "" : Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
          if (!upgraded && !text.startsWith("HTTP/1.1 101")) reject(new Error(text));
          if (token === "" || upgraded) resolve();
          upgraded = true;
          return true;
        },
      },
    });
    let upgraded = false;
    socket.on("error", reject);
    const protocols = `Sec-WebSocket-Protocol: muster.v1${token === "" ? "" : `, muster.token.${token}`}\r\n`;
    socket.write(
      `GET /v1/realtime HTTP/1.1\r\nHost: ${address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${protocols}\r\n`,
    );
    sockets.push(socket);
  });
}

const startedAt = performance.now();
let next = 0;
const worker = async (): Promise<void> => {
  while (next < tokens.length) {
    const token = tokens[next++] as string;
    const aheadMs = Number(perS) > 0 ? (next / Number(perS)) * 1000 - (performance.now() - startedAt) : 0;
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
    await open(token);
  }
};
await Promise.all(Array.from({ length: Number(atOnce) }, worker));
console.log(JSON.stringify({ opened: sockets.length, seconds: (performance.now() - startedAt) / 1000 }));
setInterval(() => undefined, 1000);
