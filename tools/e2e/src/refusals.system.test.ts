// Every answer that is not 2xx has the body of the contract, whoever gives it: edge-api's handlers, its framework, Node's
// parser, the gateway, or the ingress, before or instead of what is behind it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { freePort, localCertificate, type NginxServer, startNginx } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSystem, type System } from "./system.ts";

const CONTRACT = readFileSync(new URL(import.meta.resolve("@muster/contracts/openapi/edge.v1.yaml")), "utf8");
const STATUS_OF = new Map(
  [...CONTRACT.matchAll(/^ +\| (\w+) \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]),
);
const JSON_BODY = "content-type: application/json\r\ncontent-length: 4\r\n\r\n{bad";

/** What a client sends, and the code that it gets; at the ingress, where it never arrives behind it, perhaps another. */
const REQUESTS: readonly (readonly [what: string, request: string, code: string])[] = [
  ["a path that nobody has", head("GET /index.html HTTP/1.1"), "route_not_found"],
  ["a write to /", head("POST / HTTP/1.1", "content-length: 0"), "route_not_found"],
  ["a path that is none", head("GET /%ff HTTP/1.1"), "invalid_request"],
  ["a path that climbs", head("GET /..%2f..%2fetc/passwd HTTP/1.1"), "invalid_request | route_not_found"],
  ["another method", head("DELETE /v1/modes HTTP/1.1"), "route_not_found"],
  ["TRACE", head("TRACE /v1/modes HTTP/1.1"), "route_not_found | invalid_request"],
  ["a method that is none", head("FOO /v1/modes HTTP/1.1"), "invalid_request"],
  ["a long path", head(`GET /${"a".repeat(9000)} HTTP/1.1`), "invalid_request | route_not_found"],
  ["a long header", head("GET /v1/modes HTTP/1.1", `x-long: ${"a".repeat(40_000)}`), "invalid_request"],
  ["no request at all", "nonsense\r\n\r\n", "invalid_request"],
  ["an unknown query", head("GET /v1/modes?x=1 HTTP/1.1"), "invalid_request"],
  ["bad JSON", `${head("POST /v1/auth/guest HTTP/1.1").slice(0, -2)}${JSON_BODY}`, "invalid_request"],
  [
    "another media type",
    `${head("POST /v1/auth/guest HTTP/1.1").slice(0, -2)}${JSON_BODY.replace("json", "xml")}`,
    "unsupported_media_type",
  ],
  [
    "a large body",
    head("POST /v1/auth/guest HTTP/1.1", "content-type: application/json\r\ncontent-length: 9999999"),
    "body_too_large",
  ],
  ["no token", head("GET /v1/me HTTP/1.1"), "unauthenticated"],
  ["no WebSocket", head("GET /v1/realtime HTTP/1.1"), "invalid_request | route_not_found"],
  ["what is inside", head("GET /system/nothing HTTP/1.1"), "route_not_found"],
];

function head(line: string, more = "accept: */*"): string {
  return `${line}\r\nhost: localhost\r\norigin: http://localhost:5173\r\nconnection: close\r\n${more}\r\n\r\n`;
}

interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

function send(port: number, bytes: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.once("error", (err) => (chunks.length > 0 ? undefined : reject(err)));
    socket.once("close", () => {
      const [headers = "", body = ""] = Buffer.concat(chunks).toString().split("\r\n\r\n");
      resolve({ status: Number(headers.split(" ")[1]), headers: headers.toLowerCase(), body });
    });
  });
}

function expectContract({ status, headers, body }: Answer, codes: string): Record<string, unknown> {
  expect(headers).toMatch(/content-type: application\/json/);
  const { error } = JSON.parse(body) as { error: { code: string; details?: Record<string, unknown> } };
  expect(error).toMatchObject({
    message: expect.stringMatching(/./),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(codes.split(" | ")).toContain(error.code);
  expect(status).toBe(STATUS_OF.get(error.code));
  if (status === 429 || status === 503) expect(headers).toMatch(/retry-after: \d/);
  return error.details ?? {};
}

/** By the page of another origin: to a browser it is no answer at all otherwise. */
function expectReadable({ headers, body }: Answer): void {
  const { traceId } = (JSON.parse(body) as { error: { traceId: string } }).error;
  expect(headers).toMatch(/\r\naccess-control-allow-origin: (\*|http:\/\/localhost:5173)(\r\n|$)/);
  expect(headers).toMatch(/\r\naccess-control-expose-headers: [^\r]*traceparent/);
  expect(headers).toMatch(new RegExp(`\r\ntraceparent: 00-${traceId}-[0-9a-f]{16}-0[01](\r\n|$)`));
}

describeWithServers("every refusal has the body of the contract", () => {
  let system: System;
  let ports: Record<string, number>;
  beforeAll(async () => {
    system = await startSystem();
    const port = (name: string): number => Number(system.env[name]);
    ports = { "edge-api": port("EDGE_PORT"), "the ingress": port("MUSTER_INGRESS_PORT") };
  });
  afterAll(() => system[Symbol.asyncDispose]());

  describe.each(["edge-api", "the ingress"])("of %s", (whose) => {
    it.each(REQUESTS)("%s", async (_what, request, codes) => {
      const answer = await send(ports[whose] as number, request);
      expectContract(answer, codes);
      expectReadable(answer);
    });
  });

  it("of the gateway, which knows one path", async () => {
    const port = Number(system.env["GATEWAY_PORT"]);
    for (const [line, code] of [
      ["GET /v1/realtime HTTP/1.1", "invalid_request"],
      ["POST /v1/realtime HTTP/1.1", "invalid_request"],
      ["GET / HTTP/1.1", "route_not_found"],
    ] as const) {
      const answer = await send(port, head(line));
      expectContract(answer, code);
      expectReadable(answer);
    }
  });

  it("of the port that speaks TLS", async () => {
    const port = Number(system.env["MUSTER_INGRESS_TLS_PORT"]);
    expectContract(await send(port, head("GET /v1/modes HTTP/1.1")), "invalid_request");
  });

  it("and HEAD is answered wherever GET is", async () => {
    for (const asked of ["/", "/healthz", "/v1/modes", "/v1/openapi.yaml", "/.well-known/jwks.json"]) {
      const answer = await send(ports["the ingress"] as number, head(`HEAD ${asked} HTTP/1.1`));
      expect(answer).toMatchObject({ status: 200, body: "" });
    }
  });

  it("and OPTIONS of who is no browser is no fault", async () => {
    expect(await send(ports["the ingress"] as number, head("OPTIONS /v1/modes HTTP/1.1"))).toMatchObject({
      status: 204,
    });
  });
});

describeWithServers("the ingress without anybody behind it", () => {
  const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-refusals-"));
  let [nginx, mute]: [NginxServer | undefined, Server | undefined] = [undefined, undefined];
  let port = 0;
  beforeAll(async () => {
    // The one takes connections and ends them; nobody listens for the other.
    mute = createServer((socket) => socket.once("data", () => socket.destroy()).on("error", () => undefined));
    const mutePort = await freePort();
    await new Promise<void>((resolve) => mute?.listen(mutePort, "127.0.0.1", resolve));
    port = await freePort();
    const tls = { port: await freePort(), ...localCertificate(prefix) };
    const [edgeAddress, gatewayAddress] = [`127.0.0.1:${mutePort}`, `127.0.0.1:${await freePort()}`];
    nginx = await startNginx({ prefix, port, tls, edgeAddress, gatewayAddress });
  });
  afterAll(async () => {
    await nginx?.stop();
    mute?.close();
    rmSync(prefix, { recursive: true });
  });

  it("says so in the body of the contract, and that a write which was sent may have been done", async () => {
    for (const asked of ["/healthz", "/v1/modes", "/v1/realtime"]) {
      const answer = await send(port, head(`GET ${asked} HTTP/1.1`));
      expect(expectContract(answer, "unavailable")).toEqual({});
      expectReadable(answer);
    }
    const write = head("POST /v1/auth/guest HTTP/1.1", "content-length: 0");
    expect(expectContract(await send(port, write), "unavailable")).toEqual({ outcome: "unknown" });
    const unsent = head("POST /v1/realtime HTTP/1.1", "content-length: 0");
    expect(expectContract(await send(port, unsent), "unavailable")).toEqual({});
  });
});
