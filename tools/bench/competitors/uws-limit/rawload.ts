import WebSocket from "ws";
import fs from "node:fs";
const N = +process.argv[2],
  secs = +process.argv[3],
  pid = process.argv[4];
const socks: WebSocket[] = [];
let m = 0;
for (let i = 0; i < N; i++) {
  const ws = new WebSocket("ws://127.0.0.1:19002/", { perMessageDeflate: false });
  ws.on("message", () => {
    m++;
  });
  await new Promise((r) => ws.on("open", r));
  socks.push(ws);
}
const b = Buffer.alloc(15, 1);
setInterval(() => {
  for (const s of socks) s.send(b);
}, 1000 / 30);
const cpu = () => {
  const f = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (+f[11] + +f[12]) / 100;
};
await new Promise((r) => setTimeout(r, 2000));
const c0 = cpu(),
  m0 = m,
  w = performance.now(),
  o0 = process.cpuUsage();
await new Promise((r) => setTimeout(r, secs * 1000));
const dt = (performance.now() - w) / 1000,
  o = process.cpuUsage(o0);
console.log(
  JSON.stringify({
    N,
    cpu: (((cpu() - c0) / dt) * 100).toFixed(1),
    us: (((cpu() - c0) * 1e6) / (N * 30 * dt)).toFixed(2),
    msgs: ((m - m0) / dt / N).toFixed(1),
    load: ((o.user + o.system) / 1e4 / dt).toFixed(1),
  }),
);
process.exit(0);
