import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGameProcess } from "./game-process.ts";
import { type InspectServer, serveInspection } from "./server.ts";
import { InspectSession } from "./session.ts";

describe("the page of an inspection", () => {
  let session: InspectSession;
  let server: InspectServer;
  const stop = new AbortController();
  let ran: Promise<void>;
  beforeAll(async () => {
    const setup = { seed: 1, seats: undefined, options: {} };
    session = await InspectSession.open({
      word: "four",
      setup,
      start: () => startGameProcess(5000),
      changed: () => undefined,
    });
    server = await serveInspection(session, 0);
    ran = session.run(stop.signal);
  });
  afterAll(async () => {
    stop.abort();
    await ran;
    await server[Symbol.asyncDispose]();
  });

  /** `fetch` sets these headers itself. */
  const statusOf = (path: string, headers: Record<string, string>, body?: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { host, port, hostname } = new URL(server.url);
      const all = { host, "content-type": "application/json", ...headers };
      const method = body === undefined ? "GET" : "POST";
      const req = request({ hostname, port, path, method, headers: all }, (res) => {
        res.resume();
        resolve(res.statusCode);
      });
      req.on("error", reject).end(body);
    });
  const order = (body: string, headers: Record<string, string> = {}): Promise<number | undefined> =>
    statusOf("/orders", headers, body);

  it("answers this machine alone, and no page of another site", async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(await statusOf("/", {})).toBe(200);
    expect(await statusOf("/nothing", {})).toBe(404);
    const step = '{"kind":"step"}';
    for (const headers of [
      { host: `evil.example:${new URL(server.url).port}` },
      { origin: "http://evil.example" },
      { "content-type": "text/plain" },
    ] as Record<string, string>[])
      expect(await order(step, headers), JSON.stringify(headers)).toBe(403);
    expect(session.view.record.tick).toBe(0);
    expect(await order(step, { origin: server.url.slice(0, -1) })).toBe(204);
    expect(session.view.record.tick).toBe(1);
  });

  it("refuses what is no order, and stays", async () => {
    for (const body of [
      "no json",
      "null",
      "{}",
      '{"kind":"speed","speed":0}',
      '{"kind":"goTo","tick":-1}',
      '{"kind":"restart","seed":4294967296}',
      '{"kind":"input","seat":0,"values":{"column":0.5}}',
      '{"kind":"input","seat":9,"values":{}}',
      '{"kind":"control","seat":0,"control":"somebody"}',
      '{"kind":"control","seat":0,"control":"bot nobody-knows"}',
      "x".repeat(100_000),
    ])
      expect(await order(body), body.slice(0, 60)).toBe(400);
    expect(session.view.notice).toBeUndefined();
    expect(await order('{"kind":"restart","seed":7}')).toBe(204);
    expect(session.view).toMatchObject({ seed: 7, record: { tick: 0 } });
  });
});
