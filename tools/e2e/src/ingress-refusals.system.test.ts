// What the ingress refuses reaches no process of ours: it is counted all the same, each one once, through a real nginx.
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect, type Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { createIngressRefusals, type IngressRefusals } from "@muster/edge-api/testing";
import { freePort, type NginxServer, startNginx } from "@muster/local";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";

const LIMITS = { connectionsPerAddressMax: 8, requestsPerSPerAddress: 5, workerConnections: 100, filesMax: 200 };
const INGRESS = "127.0.0.1";

describeWithServers("what the ingress refuses", () => {
  const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-refusals-"));
  const metrics = createMetrics("test");
  /** Answers with the status that the path names; with 0 never. */
  const upstream = createServer((asked, response) => {
    const status = Number(asked.url?.slice(1));
    if (status > 0) response.writeHead(status).end("{}");
  });
  const sockets = new Set<Socket>();
  let nginx: NginxServer;
  let counted: IngressRefusals;
  let port = 0;
  beforeAll(async () => {
    const upstreamPort = await freePort();
    await new Promise<void>((resolve) => upstream.listen(upstreamPort, INGRESS, resolve));
    counted = createIngressRefusals({
      host: INGRESS,
      port: () => upstreamPort,
      ingress: ["127.0.0.0/30"],
      metrics,
      log: createLogger("test", "silent"),
    });
    await counted.start?.();
    port = await freePort();
    const [edgeAddress, gatewayAddress] = [`${INGRESS}:${upstreamPort}`, `${INGRESS}:${await freePort()}`];
    nginx = await startNginx({ prefix, port, edgeAddress, gatewayAddress, limits: LIMITS });
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  });
  afterAll(async () => {
    await nginx.stop();
    await counted.stop?.();
    upstream.closeAllConnections();
    upstream.close();
    rmSync(prefix, { recursive: true });
  });

  const told = async (): Promise<Record<string, number>> => {
    const text = await metrics.metrics();
    const lines = text.matchAll(/^edge_ingress_refusals(?:_lost)?_total\{(?:why="(\w+)",)?service="test"\} (\d+)$/gm);
    return Object.fromEntries([...lines].map(([, why = "lost", count]) => [why, Number(count)]));
  };
  /** What is counted on top of `before`, as soon as it is what is wanted. */
  const grown = async (before: Record<string, number>, wanted: Record<string, number>): Promise<void> => {
    await until(async () => {
      const now = await told();
      const all = Object.entries(now).map(([why, count]) => [why, count - (before[why] ?? 0)] as const);
      const more = Object.fromEntries(all.filter(([, count]) => count > 0));
      return isDeepStrictEqual(more, wanted) ? undefined : JSON.stringify(more);
    });
  };
  const get = (url: string, localAddress: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ host: INGRESS, port, path: url, localAddress, agent: false }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
      })
        .once("error", reject)
        .end();
    });
  const open = (localAddress: string, sent: string): Socket => {
    const socket = connect({ port, host: INGRESS, localAddress });
    socket.on("error", () => undefined).write(sent);
    sockets.add(socket);
    return socket;
  };

  it("by the rate of an address is counted, each once", async () => {
    const before = await told();
    const statuses = await Promise.all(Array.from({ length: 5 }, () => get("/200", "127.0.66.1")));
    for (let i = 0; i < 25; i++) statuses.push(await get("/200", "127.0.66.1"));
    const requests = statuses.filter((status) => status === 429).length;
    expect(requests).toBeGreaterThan(0);
    await grown(before, { requests });
  });

  it("by the connections of an address is counted", async () => {
    const before = await told();
    for (let i = 0; i < LIMITS.connectionsPerAddressMax; i++) open("127.0.66.2", "GET /0 HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(async () => ((await get("/200", "127.0.66.2")) === 429 ? undefined : "not refused yet"));
    for (const socket of sockets) socket.destroy();
    await grown(before, { connections: 1, givenUp: LIMITS.connectionsPerAddressMax });
  });

  it("because nobody is behind it is counted; what somebody behind it answered is not", async () => {
    const before = await told();
    expect(await get("/502", "127.0.66.3")).toBe(502);
    expect(await get("/429", "127.0.66.3")).toBe(429);
    expect(await get("/404", "127.0.66.3")).toBe(404);
    expect(await get("/v1/realtime", "127.0.66.3")).toBe(503);
    await grown(before, { unreachable: 1 });
  });

  it("as no request is counted", async () => {
    const before = await told();
    const nonsense = open("127.0.66.4", "NONSENSE\r\n\r\n");
    nonsense.once("data", () => nonsense.destroy()); // counted when the connection is over
    expect(await get("/system/healthz", "127.0.66.4")).toBe(404);
    await grown(before, { malformed: 1, notServed: 1 });
  });

  it("because it is full is counted", async () => {
    const before = await told();
    for (let i = 0; i < LIMITS.workerConnections + 20; i++)
      open(`127.0.67.${i + 1}`, "GET /0 HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(async () => (((await told())["full"] ?? 0) > (before["full"] ?? 0) ? undefined : "nothing counted"));
  });

  it("is believed of the ingress only; and what comes faster than it is read is counted by the kernel", async () => {
    const before = await told();
    const line = "<190>Nov 26 12:00:00 ingress: refused 429 REJECTED -";
    const [ingress, elsewhere] = [createSocket("udp4"), createSocket("udp4")];
    await new Promise<void>((resolve) => elsewhere.bind(0, "127.0.66.5", resolve));
    elsewhere.send(line, counted.port, INGRESS);
    const sent = 20_000;
    // Nothing is read meanwhile: sends are done at once.
    for (let i = 0; i < sent; i++) ingress.send(line, counted.port, INGRESS);
    await until(async () => {
      const now = await told();
      const [read, lost] = ["requests", "lost"].map((why) => (now[why] ?? 0) - (before[why] ?? 0)) as [number, number];
      if (read + lost > sent) throw new Error(`${read} read and ${lost} lost of ${sent}`);
      return read + lost === sent && lost > 0 ? undefined : `${read} read and ${lost} lost of ${sent}`;
    });
    for (const socket of [ingress, elsewhere]) socket.close();
  });
});
