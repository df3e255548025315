// Opens players' sockets through the ingress of a running system, from many addresses, and counts how many are accepted and
// how many are still open after a while.
//
//   node src/ingress-sockets.ts [--url http://localhost:8080] [--sockets 2100] [--hold-s 20]
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { programOptions } from "@muster/testkit/program-options";
import { SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@muster/realtime";
import WebSocket from "ws";

const { values } = programOptions({
  options: {
    url: { type: "string", default: "http://localhost:8080" },
    sockets: { type: "string", default: "2100" },
    "hold-s": { type: "string", default: "20" },
  },
});
const [wanted, holdS] = [Number(values.sockets), Number(values["hold-s"])];
/** As many new guests as identity takes from one address at once. */
const PER_ADDRESS = 60;
const AT_ONCE = 20;
const OPEN_WITHIN_MS = 10_000;
const ATTEMPTS_MAX = 10;

const addressOf = (player: number): string => {
  const address = Math.floor(player / PER_ADDRESS);
  return `127.0.${70 + Math.floor(address / 250)}.${1 + (address % 250)}`;
};

function guestToken(localAddress: string): Promise<string> {
  const body = JSON.stringify({ deviceKey: randomBytes(16).toString("hex") });
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const options = { method: "POST", agent: new Agent({ localAddress }), headers };
    const sent = request(`${values.url}/v1/auth/guest`, options, (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`no guest: ${response.statusCode} ${text}`));
        resolve((JSON.parse(text) as { tokens: { accessToken: string } }).tokens.accessToken);
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Resolves with the first message, which is the welcome. */
function welcomed(token: string, localAddress: string): Promise<WebSocket> {
  const options = { localAddress, handshakeTimeout: OPEN_WITHIN_MS } as WebSocket.ClientOptions;
  const protocols = [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token];
  const socket = new WebSocket(`${values.url.replace(/^http/, "ws")}/v1/realtime`, protocols, options);
  return new Promise((resolve, reject) => {
    socket.once("message", () => resolve(socket));
    socket.on("error", reject);
    socket.on("close", (code) => reject(new Error(`closed with ${code}`)));
  });
}

/** Told to wait, it waits: a crowd that comes at once is not what is measured. */
async function patiently<T>(what: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await what();
    } catch (err) {
      if (attempt >= ATTEMPTS_MAX) throw err;
      await wait(500 * attempt);
    }
  }
}

const open: WebSocket[] = [];
const failures = new Map<string, number>();
let next = 0;
const worker = async (): Promise<void> => {
  for (let player = next++; player < wanted; player = next++) {
    const address = addressOf(player);
    try {
      const token = await patiently(() => guestToken(address));
      open.push(await patiently(() => welcomed(token, address)));
    } catch (err) {
      const text = (err as Error).message.slice(0, 80);
      failures.set(text, (failures.get(text) ?? 0) + 1);
    }
    if (open.length % 500 === 0) console.log(`${open.length} sockets are open`);
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, worker));
const welcomedCount = open.length;
await wait(holdS * 1000);
const stillOpen = open.filter((socket) => socket.readyState === WebSocket.OPEN).length;
for (const socket of open) socket.terminate();
console.log(
  JSON.stringify({ wanted, welcomed: welcomedCount, stillOpen, afterS: holdS, failures: Object.fromEntries(failures) }),
);
process.exitCode = stillOpen === wanted ? 0 : 1;
