// What reaches the upstreams of the ingress, seen by upstreams that write down what they got: for every location that the
// configuration has, over HTTP/1.1, HTTP/2 and a WebSocket's upgrade, whatever a client claims of itself.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as requestTls } from "node:https";
import os from "node:os";
import path from "node:path";
import { freePort, localCertificate, type NginxServer, paths, startNginx } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";

const PUBLIC_HOST = "game.example";
const CLIENT = "127.0.66.7";
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** What a client may not say of itself; anything like it that an upstream or a library behind it might believe. */
const CLAIMED: Readonly<Record<string, string>> = {
  host: "evil.example",
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-proto": "gopher",
  "x-forwarded-host": "evil.example",
  "x-forwarded-port": "1",
  "x-forwarded-server": "evil.example",
  "x-forwarded-prefix": "/evil",
  "x-real-ip": "203.0.113.9",
  "x-client-ip": "203.0.113.9",
  "x-cluster-client-ip": "203.0.113.9",
  "x-original-forwarded-for": "203.0.113.9",
  "x-original-url": "/system/healthz",
  "x-rewrite-url": "/system/healthz",
  "true-client-ip": "203.0.113.9",
  "cf-connecting-ip": "203.0.113.9",
  forwarded: "for=203.0.113.9;host=evil.example;proto=gopher",
  via: "1.1 evil.example",
};
const KEPT: ReadonlySet<string> = new Set(["host", "x-forwarded-for", "x-forwarded-proto"]);

/** Every location that leads to an upstream, by a path that it takes. */
const LOCATIONS = [...readFileSync(paths.nginxTemplate, "utf8").matchAll(/location (?:= |\^~ )?(\/\S*) \{([^}]*)\}/g)]
  .filter(([, , body]) => body?.includes("proxy_pass"))
  .map(([, location]) => (location === "/" ? "/v1/modes" : (location as string)));

describeWithServers("what reaches the upstreams of the ingress", () => {
  const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-headers-"));
  const certificate = localCertificate(prefix);
  const arrived: IncomingHttpHeaders[] = [];
  const upstreams: Server[] = [];
  let nginx: NginxServer;
  let [port, tlsPort] = [0, 0];
  beforeAll(async () => {
    const addresses = await Promise.all([0, 1].map(() => openEcho(arrived, upstreams)));
    [port, tlsPort] = [await freePort(), await freePort()];
    const [edgeAddress, gatewayAddress] = addresses as [string, string];
    nginx = await startNginx({
      prefix,
      port,
      tls: { port: tlsPort, ...certificate },
      publicHost: PUBLIC_HOST,
      edgeAddress,
      gatewayAddress,
    });
  });
  afterAll(async () => {
    await nginx.stop();
    for (const upstream of upstreams) upstream.closeAllConnections();
    for (const upstream of upstreams) upstream.close();
    rmSync(prefix, { recursive: true });
  });

  const check = (proto: string, client: string): void => {
    expect(arrived).toHaveLength(1);
    const headers = arrived.pop() as IncomingHttpHeaders;
    expect(headers).toMatchObject({ host: PUBLIC_HOST, "x-forwarded-for": client, "x-forwarded-proto": proto });
    const claims = Object.keys(CLAIMED).filter((name) => !KEPT.has(name) && headers[name] !== undefined);
    expect(claims, "claims of the client that came through").toEqual([]);
    expect(JSON.stringify(headers)).not.toMatch(/evil|203\.0\.113|gopher/);
  };

  it("knows the locations", () => {
    expect(LOCATIONS).toEqual(expect.arrayContaining(["/healthz", "/v1/realtime", "/v1/modes"]));
  });

  it.each(LOCATIONS)("is nothing that a client claims of itself: %s", async (location) => {
    await once((done) =>
      request({ host: "127.0.0.1", port, path: location, localAddress: CLIENT, headers: CLAIMED }, done),
    );
    check("http", CLIENT);
    const ca = readFileSync(certificate.certificate);
    const tls = {
      host: "localhost",
      family: 4,
      port: tlsPort,
      path: location,
      localAddress: CLIENT,
      headers: CLAIMED,
      ca,
    };
    await once((done) => requestTls({ ...tls, servername: "localhost" }, done));
    check("https", CLIENT);
    await overHttp2(`https://localhost:${tlsPort}`, ca, location);
    check("https", "127.0.0.1");
  });

  it.each(LOCATIONS.filter((location) => location !== "/healthz"))(
    "is nothing that a client claims of itself with an upgrade: %s",
    async (location) => {
      const headers = {
        ...CLAIMED,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": Buffer.alloc(16, 1).toString("base64"),
      };
      await new Promise<void>((resolve, reject) => {
        const sent = request({ host: "127.0.0.1", port, path: location, localAddress: CLIENT, headers });
        sent.once("upgrade", (_response, socket) => (socket.destroy(), resolve()));
        sent.once("response", (response) => reject(new Error(`answered ${response.statusCode}`)));
        sent.once("error", reject);
        sent.end();
      });
      expect(arrived[0]).toMatchObject({ upgrade: "websocket", connection: "upgrade" });
      check("http", CLIENT);
    },
  );

  it("is no upgrade to another protocol", async () => {
    const headers = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "AAMAAABkAAQAAP__" };
    await once((done) => request({ host: "127.0.0.1", port, path: "/v1/modes", headers }, done));
    expect(arrived.pop()?.upgrade).toBeUndefined();
  });
});

async function openEcho(arrived: IncomingHttpHeaders[], upstreams: Server[]): Promise<string> {
  const server = createServer((asked, response) => {
    arrived.push(asked.headers);
    response.end("{}");
  });
  server.on("upgrade", (asked, socket) => {
    arrived.push(asked.headers);
    const key = `${asked.headers["sec-websocket-key"]}${WEBSOCKET_GUID}`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.on("error", () => undefined).once("data", () => undefined);
    socket.on("end", () => socket.end());
  });
  upstreams.push(server);
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return `127.0.0.1:${port}`;
}

function once(send: (done: (response: IncomingMessage) => void) => ReturnType<typeof request>): Promise<void> {
  return new Promise((resolve, reject) => {
    send((response) => response.resume().once("end", resolve))
      .once("error", reject)
      .end();
  });
}

function overHttp2(origin: string, ca: Buffer, location: string): Promise<void> {
  const session = connectHttp2(origin, { ca, family: 4 } as object);
  const { host: _host, ...claims } = CLAIMED;
  return new Promise<void>((resolve, reject) => {
    const stream = session.request({ ":path": location, ":authority": "evil.example", ...claims });
    stream.once("error", reject);
    stream.once("end", resolve).resume().end();
  }).finally(() => session.close());
}
