// The strangler host: what is not v2.0's passes to v1.5 as it came, and a domain can be given back.
import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { MusterClient } from "@muster/client";
import { connect, createLegacyServer, createSchema, generate } from "@muster/migrate/testing";
import { describeWithServers, mariadbAdminUrl, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSystem, type System } from "./system.ts";

const PASSWORD = "correct horse battery";

describeWithServers("the strangler host", () => {
  const database = `legacy_test_${randomBytes(4).toString("hex")}`;
  let legacy: Awaited<ReturnType<typeof createLegacyServer>>;
  let system: System;
  const legacyUrl = (): string => new URL(`/${database}`, mariadbAdminUrl()).href;

  beforeAll(async () => {
    const admin = await connect(mariadbAdminUrl());
    await admin.query(`create database ${database}`);
    await admin.end();
    const schema = await connect(legacyUrl());
    await createSchema(schema);
    await generate(schema, { users: 400, matches: 300, messages: 50 });
    await schema.end();
    legacy = await createLegacyServer({ url: legacyUrl() });
    system = await startSystem({ env: { EDGE_LEGACY_URL: legacy.url, EDGE_LEGACY_ANSWER_WITHIN_MS: "1000" } });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
    await legacy[Symbol.asyncDispose]();
    const admin = await connect(mariadbAdminUrl());
    await admin.query(`drop database ${database}`);
    await admin.end();
  });

  /** Gives domains back to v1.5, as an operator does: by configuration and a restart of edge-api. */
  const giveBack = async (domains: readonly string[]): Promise<void> => {
    await system.stop("edge");
    (system.env as Record<string, string>)["EDGE_LEGACY_DOMAINS"] = JSON.stringify(domains);
    await system.start("edge");
    await until(async () => ((await fetch(`${system.url}/healthz`)).ok ? undefined : "not healthy"));
  };

  /** What edge-api says when nobody takes a WebSocket that is not the gateway's. */
  const refusedUpgrade = async (): Promise<string> => {
    const socket = connectTcp(Number(system.env["EDGE_PORT"]), "127.0.0.1");
    socket.write("GET /v1/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  };

  it("passes a request unchanged: method, path, query, body, status, headers, cookies", async () => {
    const body = randomBytes(40_000); // over the limit of our own routes
    const response = await fetch(`${system.url}/v1/legacy/echo?b=2&a=%C3%A4&a=1`, {
      method: "PATCH",
      headers: {
        "content-type": "application/octet-stream",
        "x-game": "Ünïcode".normalize("NFC").replaceAll(/[^\x20-\x7e]/g, "?"),
        authorization: "Bearer legacy",
      },
      body,
    });
    expect([response.status, response.headers.get("x-legacy")]).toEqual([299, "yes"]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    const echo = (await response.json()) as {
      method: string;
      url: string;
      headers: Record<string, string>;
      body: string;
    };
    expect([echo.method, echo.url]).toEqual(["PATCH", "/v1/legacy/echo?b=2&a=%C3%A4&a=1"]);
    expect(echo.headers).toMatchObject({ authorization: "Bearer legacy", "content-type": "application/octet-stream" });
    expect(Buffer.from(echo.body, "base64").equals(body)).toBe(true);
  });

  it("goes on with the trace, and says it", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const response = await fetch(`${system.url}/v1/legacy/echo`, {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    const { headers } = (await response.json()) as { headers: Record<string, string> };
    expect(headers["traceparent"]).toContain(traceId);
    expect(response.headers.get("traceparent")).toContain(traceId);
  });

  it("passes a stream as it is sent", async () => {
    const response = await fetch(`${system.url}/v1/legacy/stream`);
    const at: number[] = [];
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      at.push(performance.now());
      text += Buffer.from(chunk).toString();
    }
    expect(text).toBe("data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n");
    expect(at.length).toBeGreaterThanOrEqual(4);
    expect((at.at(-1) as number) - (at[0] as number)).toBeGreaterThan(80); // sent 40 ms apart
  });

  it("passes WebSockets that are not the realtime gateway's", async () => {
    const socket = new WebSocket(`${system.url.replace("http", "ws")}/v1/live`);
    const heard: unknown[] = [];
    socket.addEventListener("message", (event) => heard.push(event.data));
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    for (const text of ["one", "two"]) {
      socket.send(text);
      await until(() => (heard.includes(text) ? undefined : "no echo"));
    }
    expect(heard).toEqual(["one", "two"]);
    socket.close();
  });

  it("serves what it has extracted itself: v1.5 is not even asked", async () => {
    const before = legacy.asked.length;
    const client = new MusterClient({ url: system.url });
    await client.logInGuest(randomBytes(16).toString("hex"));
    await client.me();
    await client.history();
    expect(legacy.asked.slice(before)).toEqual([]);
    expect((await fetch(`${system.url}/v1/leaderboard`)).status).toBe(200);
    expect(legacy.asked.slice(before)).toEqual(["GET /v1/leaderboard"]);
  });

  it("gives a domain back by configuration, and takes it again", async () => {
    const credentials = { name: "ace6", password: PASSWORD };
    const logIn = async (): Promise<Response> =>
      fetch(`${system.url}/v1/auth/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(credentials),
      });
    expect((await logIn()).status).toBe(401); // v2.0 does not know this account yet
    await giveBack(["sessions", "players", "matches"]);
    const session = (await (await logIn()).json()) as { tokens: { accessToken: string } };
    const authorization = `Bearer ${session.tokens.accessToken}`;
    expect(
      ((await (await fetch(`${system.url}/v1/me`, { headers: { authorization } })).json()) as { name: string }).name,
    ).toBe("ace6");
    expect((await fetch(`${system.url}/v1/modes`)).status).toBe(200); // still ours
    await giveBack([]);
    expect((await logIn()).status).toBe(401);
    expect((await fetch(`${system.url}/v1/me`, { headers: { authorization } })).status).toBe(401);
  });

  it("does not let a body that ends early through as a whole one", async () => {
    const before = legacy.asked.length;
    const socket = connectTcp(Number(system.env["EDGE_PORT"]), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write("POST /v1/legacy/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nonly this");
    await until(() => (legacy.asked.length > before ? undefined : "not asked"));
    socket.destroy();
    expect((await fetch(`${system.url}/v1/legacy/echo`)).status).toBe(299);
  });

  it("answers with our own envelope when v1.5 is down, and goes on serving its own", async () => {
    const port = Number(new URL(legacy.url).port);
    await legacy[Symbol.asyncDispose]();
    const response = await fetch(`${system.url}/v1/leaderboard`);
    expect(response.status).toBe(503);
    const { error } = (await response.json()) as { error: { code: string; traceId: string } };
    expect(error.code).toBe("unavailable");
    expect(response.headers.get("traceparent")).toContain(error.traceId);
    expect(response.headers.get("access-control-allow-origin")).toBe("*"); // or a page of another origin reads nothing
    expect(response.headers.get("retry-after")).toBe("1");
    for (const method of ["GET", "HEAD"]) expect((await fetch(`${system.url}/v1/modes`, { method })).status).toBe(200);
    const answers = await refusedUpgrade();
    expect(answers).toMatch(/^HTTP\/1.1 503 .*access-control-allow-origin: \*.*"code":"unavailable"/s);
    legacy = await createLegacyServer({ url: legacyUrl(), port });
    await until(async () => ((await fetch(`${system.url}/v1/leaderboard`)).ok ? undefined : "not yet"));
  });
});
