// The cost of players' sockets to the ingress: resident memory of nginx's worker with thousands of WebSockets over TLS, each
// of which has carried messages both ways, and the kernel objects of its two connections, which count towards a container's
// limit too.
//
//   node src/ingress-memory.ts [--sockets 4000] [--steps 4] [--messages 30]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { programOptions } from "@muster/testkit/program-options";
import { freePort, ingressLimits, localCertificate, startNginx } from "@muster/local";
import { residentMib } from "./processes.ts";

const { values } = programOptions({
  options: {
    sockets: { type: "string", default: "4000" },
    steps: { type: "string", default: "4" },
    messages: { type: "string", default: "30" },
  },
});
const [sockets, steps, messages] = [values.sockets, values.steps, values.messages].map(Number) as [
  number,
  number,
  number,
];
const AT_ONCE = 50;
const SOCKET_WITHIN_MS = 30_000;
/** About the size of a snapshot as the gateway frames it. */
const MESSAGE = Buffer.concat([Buffer.from([0x82, 64]), Buffer.alloc(64, 7)]);
/** Of one connection's end. */
const KERNEL_OBJECTS = ["TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi", "eventpoll_pwq"];
const CONNECTIONS_PER_SOCKET = 2;

const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-ingress-memory-"));
const upstream = createServer(answer);
const open: TLSSocket[] = [];
try {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const gatewayAddress = `127.0.0.1:${(upstream.address() as { port: number }).port}`;
  const tls = { port: await freePort(), ...localCertificate(prefix) };
  const limits = { connectionsPerAddressMax: sockets * 4, requestsPerSPerAddress: 1_000_000 };
  const port = await freePort();
  const nginx = await startNginx({ prefix, port, edgeAddress: gatewayAddress, gatewayAddress, tls, limits });
  try {
    const worker = workerOf(nginx.child.pid as number);
    const [master, before] = [residentMib(nginx.child.pid as number), residentMib(worker)];
    console.log(
      `${ingressLimits().workerConnections} connections per worker; master ${master.toFixed(1)} MiB, worker without sockets ${before.toFixed(1)} MiB`,
    );
    for (let step = 1; step <= steps; step++) {
      const upTo = Math.round((sockets * step) / steps);
      while (open.length < upTo) {
        const more = Math.min(AT_ONCE, upTo - open.length);
        open.push(...(await Promise.all(Array.from({ length: more }, () => webSocket(tls.port)))));
      }
      const worn = residentMib(worker);
      const kib = ((worn - before) * 1024) / open.length;
      console.log(
        `${String(open.length).padStart(6)} sockets: worker ${worn.toFixed(1)} MiB, ${kib.toFixed(1)} KiB per socket`,
      );
    }
    console.log(
      `kernel: ${(CONNECTIONS_PER_SOCKET * kernelKib()).toFixed(1)} KiB per socket (objects of ${CONNECTIONS_PER_SOCKET} connections, empty buffers)`,
    );
  } finally {
    for (const socket of open) socket.destroy();
    await nginx.stop();
  }
} finally {
  upstream.close();
  rmSync(prefix, { recursive: true, force: true });
}

/** As a gateway: takes the upgrade, and answers each message with one. */
function answer(socket: Socket): void {
  let isUpgraded = false;
  socket.on("error", () => undefined); // the other end went
  socket.on("data", (data) => {
    if (isUpgraded) return void socket.write(MESSAGE);
    isUpgraded = data.includes("\r\n\r\n");
    if (isUpgraded)
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
  });
}

/** One that has had its messages. @throws Error when it does not come to that */
function webSocket(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    const late = setTimeout(() => reject(new Error("no answer")), SOCKET_WITHIN_MS);
    let left = messages;
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("closed")));
    socket.on("data", (data) => {
      if (left === messages && !data.includes(" 101 ")) reject(new Error(data.toString()));
      if (left-- > 0) return void socket.write(MESSAGE);
      clearTimeout(late);
      resolve(socket);
    });
    socket.write(
      "GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
  });
}

function workerOf(master: number): number {
  const parentOf = (pid: string): number => {
    try {
      return Number(/\nPPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    } catch {
      return 0; // it has gone meanwhile
    }
  };
  const worker = readdirSync("/proc").find((pid) => /^\d+$/.test(pid) && parentOf(pid) === master);
  if (worker === undefined) throw new Error("nginx has no worker");
  return Number(worker);
}

/** Sizes as the kernel has them; needs root. */
function kernelKib(): number {
  const sizes = new Map(
    readFileSync("/proc/slabinfo", "utf8")
      .split("\n")
      .map((line) => line.split(/\s+/))
      .map(([name, , , size]) => [name, Number(size)]),
  );
  return KERNEL_OBJECTS.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0) / 1024;
}
