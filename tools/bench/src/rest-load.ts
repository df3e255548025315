// node rest-load.ts URL TOKEN SECONDS CONNECTIONS [BODY]: a closed loop on keep-alive connections; prints its figures as
// JSON.
import { Agent, request } from "node:http";

const [url = "", token = "", secondsText = "5", connectionsText = "16", body = ""] = process.argv.slice(2);
const [seconds, connections] = [Number(secondsText), Number(connectionsText)];
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const times: number[] = [];
let failed = 0;
let counting = false;
const WARM_MS = 1500;
const target = new URL(url);

function once(): Promise<void> {
  return new Promise((resolve) => {
    const at = performance.now();
    const sent = request(
      {
        host: target.hostname,
        port: target.port,
        path: target.pathname + target.search,
        agent,
        method: body === "" ? "GET" : "POST",
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === "" ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
        },
      },
      (response) => {
        response.resume().once("end", () => {
          if (counting) {
            times.push(performance.now() - at);
            if (response.statusCode !== 200) failed++;
          }
          resolve();
        });
      },
    );
    sent.once("error", () => {
      if (counting) failed++;
      resolve();
    });
    sent.end(body === "" ? undefined : body);
  });
}

let stop = false;
const workers = Array.from({ length: connections }, async () => {
  while (!stop) await once();
});
await new Promise((resolve) => setTimeout(resolve, WARM_MS));
counting = true;
console.log("measuring");
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
counting = false;
stop = true;
const sorted = times.toSorted((a, b) => a - b);
const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
console.log(JSON.stringify({ requests: times.length, failed, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }));
await Promise.all(workers);
agent.destroy();
