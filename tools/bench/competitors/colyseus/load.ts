import WebSocket from "ws";
import fs from "node:fs";
const N = +(process.argv[2] ?? 100),
  secs = +(process.argv[3] ?? 15),
  pid = process.argv[4],
  port = +(process.env.PORT ?? 2567);
const { pack } = await import("msgpackr");
let bytesIn = 0,
  msgsIn = 0,
  open = 0;
const socks: WebSocket[] = [];
const header = Buffer.from([13, 0xa1, 0x69]);
async function join() {
  const r = await fetch(`http://127.0.0.1:${port}/matchmake/joinOrCreate/duel`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const j: any = await r.json();
  if (!j.sessionId) throw new Error(JSON.stringify(j));
  const ws = new WebSocket(`ws://127.0.0.1:${port}/${j.processId}/${j.roomId}?sessionId=${j.sessionId}`, {
    perMessageDeflate: false,
  });
  await new Promise<void>((res, rej) => {
    ws.on("message", (d: Buffer) => {
      bytesIn += d.length;
      msgsIn++;
      if ((d[0] & 31) === 10) {
        ws.send(Buffer.from([10]));
        open++;
        res();
      }
    });
    ws.on("error", rej);
  });
  socks.push(ws);
}
const t0 = performance.now();
for (let i = 0; i < N * 2; i++) await join();
console.log("joined", open, "in", ((performance.now() - t0) / 1000).toFixed(1), "s");
let s = 0,
  sent = 0;
const tick = () => {
  s = (s + 1) & 65535;
  for (let i = 0; i < socks.length; i++) {
    socks[i].send(Buffer.concat([header, pack({ a: (s + i) & 255, t: 1, f: 1, s })]));
    sent++;
  }
};
const iv = setInterval(tick, 1000 / 30);
const cpu = () => {
  const f = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (+f[11] + +f[12]) / 100;
};
await new Promise((r) => setTimeout(r, 3000));
const c0 = cpu(),
  b0 = bytesIn,
  m0 = msgsIn,
  s0 = sent,
  w0 = performance.now(),
  own0 = process.cpuUsage();
await new Promise((r) => setTimeout(r, secs * 1000));
const dt = (performance.now() - w0) / 1000,
  c1 = cpu(),
  own = process.cpuUsage(own0);
console.log(
  JSON.stringify({
    rooms: N,
    serverCpuPct: (((c1 - c0) / dt) * 100).toFixed(1),
    usPerPlayerTick: (((c1 - c0) * 1e6) / (N * 2 * 30 * dt)).toFixed(2),
    loadCpuPct: ((own.user + own.system) / 1e4 / dt).toFixed(1),
    inMsgsPerPlayerSec: ((msgsIn - m0) / dt / (2 * N)).toFixed(1),
    bytesPerMsg: ((bytesIn - b0) / (msgsIn - m0)).toFixed(1),
    sentPerPlayerSec: ((sent - s0) / dt / (2 * N)).toFixed(1),
  }),
);
clearInterval(iv);
for (const w of socks) w.terminate();
process.exit(0);
