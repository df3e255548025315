// The ingress: TLS, HTTP/2, WebSockets over TLS, addresses that cannot be made up, and requests that are made to be
// read differently by nginx and by what is behind it.
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { request } from "node:https";
import { connect as connectTcp } from "node:net";
import { connect, createLegacyServer, createSchema } from "@muster/migrate/testing";
import { decodeServerControl, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@muster/realtime";
import { describeWithServers, mariadbAdminUrl } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket as WsClient } from "ws";
import { guest } from "./players.ts";
import { startSystem, type System } from "./system.ts";

describeWithServers("the ingress", () => {
  const database = `legacy_test_${randomBytes(4).toString("hex")}`;
  let legacy: Awaited<ReturnType<typeof createLegacyServer>>;
  let system: System;
  let ca: Buffer;
  let tlsPort: number;
  beforeAll(async () => {
    const admin = await connect(mariadbAdminUrl());
    await admin.query(`create database ${database}`);
    await admin.end();
    const legacyUrl = new URL(`/${database}`, mariadbAdminUrl()).href;
    const schema = await connect(legacyUrl);
    await createSchema(schema);
    await schema.end();
    legacy = await createLegacyServer({ url: legacyUrl });
    system = await startSystem({ env: { EDGE_LEGACY_URL: legacy.url, IDENTITY_LOGIN_FREE_PER_ADDRESS: "4" } });
    ca = readFileSync(system.certificate);
    tlsPort = Number(system.env["MUSTER_INGRESS_TLS_PORT"]);
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
    await legacy[Symbol.asyncDispose]();
    const admin = await connect(mariadbAdminUrl());
    await admin.query(`drop database ${database}`);
    await admin.end();
  });

  it("speaks HTTPS", async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ host: "localhost", port: tlsPort, path: "/v1/modes", ca }, (response) => {
        response.resume().once("end", () => resolve(response.statusCode));
      })
        .once("error", reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it("speaks HTTP/2 over TLS, many requests on one connection", async () => {
    const session = connectHttp2(`https://localhost:${tlsPort}`, { ca });
    const get = (path: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": path });
        stream.once("response", (headers) => resolve(Number(headers[":status"])));
        stream.once("error", reject);
        stream.resume();
        stream.end();
      });
    const statuses = await Promise.all(Array.from({ length: 20 }, () => get("/v1/modes")));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(session.alpnProtocol).toBe("h2");
    session.close();
  });

  it("carries WebSockets over TLS", async () => {
    const { client } = await guest(system.url);
    const protocols = [SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${await client.accessToken()}`];
    const socket = new WsClient(`wss://localhost:${tlsPort}/v1/realtime`, protocols, { ca });
    const first = await new Promise<Buffer>((resolve, reject) => {
      socket.once("message", (data) => resolve(data as Buffer));
      socket.once("error", reject);
    });
    expect(decodeServerControl(first).message.case).toBe("welcome");
    socket.close();
  });

  it("refuses TLS below 1.2", async () => {
    const failed = await new Promise<boolean>((resolve) => {
      const options = { host: "localhost", port: tlsPort, ca, minVersion: "TLSv1", maxVersion: "TLSv1.1" } as const;
      request({ ...options, path: "/livez", ciphers: "DEFAULT@SECLEVEL=0" }, () => resolve(false))
        .once("error", () => resolve(true))
        .end();
    });
    expect(failed).toBe(true);
  });

  it("takes nobody's word for where a client is: made-up addresses do not help who guesses passwords", async () => {
    const codes: string[] = [];
    for (let i = 0; i < 8; i++) {
      const address = `198.51.100.${i}`;
      const response = await fetch(`${system.url}/v1/auth/login`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-forwarded-for": `${address}, 203.0.113.7`,
          "x-real-ip": address,
          forwarded: `for=${address}`,
          "x-client-ip": address,
        },
        body: JSON.stringify({ name: `nobody-${randomUUID().slice(0, 8)}`, password: "wrong" }),
      });
      const { error } = (await response.json()) as { error: { code: string } };
      codes.push(error.code);
      if (response.status === 429) expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    expect(codes.slice(0, 4)).toEqual(Array(4).fill("bad_credentials"));
    expect(codes.slice(4)).toContain("challenge_required");
  });

  it("has a limit on bodies and headers", async () => {
    const large = await fetch(`${system.url}/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "x".repeat(70_000),
    });
    expect(large.status).toBe(413);
    const headers = await fetch(`${system.url}/v1/modes`, { headers: { "x-long": "x".repeat(40_000) } });
    expect(headers.status).toBe(400);
  });

  const INNER = "GET /v1/leaderboard?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const post = (headers: string, body: string): string =>
    `POST /v1/legacy/echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n${headers}\r\n\r\n${body}`;
  const chunked = `0\r\n\r\n${INNER}`;
  it.each([
    ["CL.TE", post(`Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked`, chunked)],
    [
      "TE.CL",
      post(`Transfer-Encoding: chunked\r\nContent-Length: 4`, `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`),
    ],
    ["TE.TE, a letter off", post(`Transfer-Encoding: xchunked\r\nContent-Length: ${chunked.length}`, chunked)],
    [
      "TE.TE, a space before the colon",
      post(`Transfer-Encoding : chunked\r\nContent-Length: ${chunked.length}`, chunked),
    ],
    ["TE.TE, a tab", post(`Transfer-Encoding:\tchunked\r\nContent-Length: ${chunked.length}`, chunked)],
    [
      "TE.TE, twice",
      post(`Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: ${chunked.length}`, chunked),
    ],
    ["TE.TE, folded", post(`Transfer-Encoding:\r\n chunked\r\nContent-Length: ${chunked.length}`, chunked)],
    ["two lengths", post(`Content-Length: 0\r\nContent-Length: ${INNER.length}`, INNER)],
    ["two lengths in one", post(`Content-Length: 0, ${INNER.length}`, INNER)],
    ["a signed length", post(`Content-Length: +${INNER.length}`, INNER)],
    ["a hexadecimal length", post(`Content-Length: 0x${INNER.length.toString(16)}`, INNER)],
    ["a length with a vertical tab", post(`Content-Length:\u000b${INNER.length}`, INNER)],
    ["a chunk size with an extension and a bare line feed", post("Transfer-Encoding: chunked", `0;\nx\r\n\r\n`)],
    ["a negative chunk", post("Transfer-Encoding: chunked", `-1\r\n${INNER}`)],
    ["a header in a header", post(`Content-Length: ${INNER.length}\r\nX: a\nTransfer-Encoding: chunked`, INNER)],
    ["a null in a header", post(`Content-Length: ${INNER.length}\r\nX: a\u0000b`, INNER)],
    ["a body on GET", `GET /v1/legacy/echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`],
    [
      "an upgrade that is none",
      `GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
    ],
    [
      "h2c",
      `GET /v1/legacy/echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
    ],
    [
      "a connection header that takes the length away",
      post(`Connection: close, Content-Length\r\nContent-Length: ${INNER.length}`, INNER),
    ],
  ])("lets no request be smuggled: %s", async (_note, bytes) => {
    const before = legacy.asked.length;
    for (const port of [Number(system.env["MUSTER_INGRESS_PORT"]), Number(system.env["EDGE_PORT"])]) {
      const socket = connectTcp(port, "127.0.0.1");
      socket.on("error", () => undefined).resume();
      socket.write(bytes, "latin1");
      // A front that waits for more of the body shows that it did not take the rest for a request.
      await new Promise((resolve) => {
        const timer = setTimeout(() => socket.destroy(), 150);
        socket.once("close", () => {
          clearTimeout(timer);
          resolve(undefined);
        });
      });
    }
    // What is behind has one connection per request: nothing of ours can wait in it for another player's request.
    expect((await fetch(`${system.url}/v1/modes`)).status).toBe(200);
    expect(legacy.asked.slice(before).filter((asked) => asked.includes("smuggled"))).toEqual([]);
  });

  it("keeps what is inside inside, however the path is written", async () => {
    for (const path of [
      "/system/healthz",
      "/system//healthz",
      "/system/%68ealthz",
      "/v1/../system/healthz",
      "/v1/%2e%2e/system/healthz",
      "//system/healthz",
      "/System/healthz",
      "/metrics",
      "/readyz",
    ]) {
      const socket = connectTcp(Number(system.env["MUSTER_INGRESS_PORT"]), "127.0.0.1");
      const heard: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => heard.push(chunk)).on("error", () => undefined);
      socket.end(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      await new Promise((resolve) => socket.once("close", resolve));
      expect(Buffer.concat(heard).toString("latin1"), path).not.toContain('"processes"');
    }
  });
});
