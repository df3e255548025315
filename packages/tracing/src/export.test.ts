import { execFile } from "node:child_process";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { newTrace } from "./context.ts";
import { type ExportOptions, exportSpans } from "./export.ts";
import { formatTraceparent, inSpan, isRecording, startSpan } from "./index.ts";

interface Told {
  sent: number;
  lost: Record<string, number>;
  collector: (string | undefined)[];
}

const run = promisify(execFile);

const BATCH = { batchMax: 8, everyMs: 20, sendWithinMs: 300, flushWithinMs: 300 };

let exporting: { stop(): Promise<void> } | undefined;
let collector: Server | undefined;

afterEach(async () => {
  await exporting?.stop();
  collector?.closeAllConnections();
  collector?.close();
  [exporting, collector] = [undefined, undefined];
});

function begin(endpoint: string, more: Partial<ExportOptions> = {}): Told {
  const told: Told = { sent: 0, lost: {}, collector: [] };
  exporting = exportSpans({
    service: "test-service",
    instanceId: "one",
    endpoint,
    headers: "",
    share: 1,
    onSent: (spans) => (told.sent += spans),
    onLost: (reason, spans) => (told.lost[reason] = (told.lost[reason] ?? 0) + spans),
    onCollector: (reason) => told.collector.push(reason?.message),
    limits: BATCH,
    ...more,
  });
  return told;
}

/** Answers with `status()`. */
async function listen(status: () => number, seen: { bodies: Buffer[]; headers: unknown[] }): Promise<string> {
  return await listenWith((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.bodies.push(Buffer.concat(chunks));
      seen.headers.push(`${request.method} ${request.url} ${request.headers["x-key"]}`);
      response.writeHead(status()).end();
    });
  });
}

async function listenWith(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  collector = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const span = (): void => startSpan({ name: "work", kind: "internal" }, undefined).end();

describe("without a collector", () => {
  it("there are ids and contexts, and nothing is recorded", () => {
    expect(isRecording()).toBe(false);
    const parent = newTrace();
    const { context } = startSpan({ name: "x", kind: "server" }, parent);
    expect(context).toMatchObject({ traceId: parent.traceId, sampled: true });
    expect(context.spanId).not.toBe(parent.spanId);
  });
});

describe("spans", () => {
  it("come to the collector with their service, under our headers, and what waits is sent at the end", async () => {
    const seen = { bodies: [] as Buffer[], headers: [] as unknown[] };
    const url = await listen(() => 200, seen);
    const told = begin(`${url}/`, { headers: "x-key=a%20b", limits: { ...BATCH, everyMs: 60_000 } });
    inSpan({ name: "the work", kind: "server" }, formatTraceparent(newTrace()), () => {});
    await exporting?.stop();
    expect(seen.headers).toEqual(["POST /v1/traces a b"]);
    expect(seen.bodies[0]?.toString("latin1")).toContain("the work");
    expect(seen.bodies[0]?.toString("latin1")).toContain("test-service");
    expect(told).toEqual({ sent: 1, lost: {}, collector: [] });
    expect(isRecording()).toBe(false);
  });

  it("end when their work has, and hand on what it returns and throws", async () => {
    begin("http://127.0.0.1:9");
    const options = { name: "x", kind: "internal" } as const;
    expect(inSpan(options, undefined, () => 5)).toBe(5);
    expect(await inSpan(options, undefined, async () => 6)).toBe(6);
    const broken = new Error("broken");
    expect(() => inSpan(options, undefined, (): never => expect.fail(broken.message))).toThrow("broken");
    await expect(inSpan(options, undefined, () => Promise.reject(broken))).rejects.toBe(broken);
  });

  it("are recorded of a share of the traces, the same in every service, whatever the caller asks for", () => {
    begin("http://127.0.0.1:9", { share: 0.5 });
    const traces = Array.from({ length: 400 }, () => newTrace());
    const sampled = traces.map((parent) => startSpan({ name: "x", kind: "server" }, parent).context.sampled);
    const again = traces.map(
      (parent) => startSpan({ name: "x", kind: "server" }, { ...parent, sampled: false }).context.sampled,
    );
    expect(again).toEqual(sampled);
    expect(sampled.filter(Boolean).length).toBeGreaterThan(120);
    expect(sampled.filter(Boolean).length).toBeLessThan(280);
  });

  it("are recorded by one service in a process", () => {
    begin("http://127.0.0.1:9");
    expect(() => begin("http://127.0.0.1:9")).toThrow("records its spans already");
  });
});

describe("a collector that is away", () => {
  it("costs a bounded number of spans in memory, counts what is lost, and is told once", async () => {
    const told = begin("http://127.0.0.1:9", { limits: { ...BATCH, waitingMax: 20 } });
    for (let i = 0; i < 100; i++) span();
    expect(told.lost).toEqual({ queue: 80 });
    await expect.poll(() => told.lost["collector"], { timeout: 5000 }).toBe(20);
    for (let i = 0; i < 20; i++) span(); // there is room again
    await expect.poll(() => told.lost["collector"], { timeout: 5000 }).toBe(40);
    expect(told).toMatchObject({ sent: 0, lost: { queue: 80 } });
    expect(told.collector).toHaveLength(1);
    expect(told.collector[0]).not.toBe("");
  });

  it("is told of again when it is back", async () => {
    let status = 400;
    const url = await listen(() => status, { bodies: [], headers: [] });
    const told = begin(url);
    span();
    await expect.poll(() => told.collector.length, { timeout: 5000 }).toBe(1);
    status = 200;
    span();
    await expect.poll(() => told.sent, { timeout: 5000 }).toBe(1);
    expect(told.collector).toEqual([expect.any(String), undefined]);
  });
});

const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";

/** What may answer instead of a collector, until it is asked to say no more. */
const UNHELPFUL: readonly (readonly [title: string, answer: RequestListener])[] = [
  ["never answers", () => {}],
  ["answers a byte at a time, without end", (_, response) => trickle(response.writeHead(200))],
  ["refuses a byte at a time, without end", (_, response) => trickle(response.writeHead(400))],
  ["asks to come back in an hour", (_, response) => void response.writeHead(503, { "retry-after": "3600" }).end()],
  ["closes the connection", (request) => void request.socket.destroy()],
  ["switches to another protocol", (request) => void request.socket.write(SWITCHING)],
  ["is none", (request) => void request.socket.write("\xff\x00no HTTP".repeat(100))],
  ["leads to itself", (request, response) => void response.writeHead(307, { location: request.url }).end()],
];

function trickle(response: ServerResponse): void {
  const timer = setInterval(() => response.write("x"), 20);
  response.on("close", () => clearInterval(timer));
}

describe.each(UNHELPFUL)("a collector that %s", (title, answer) => {
  it("loses each batch at its deadline, and there is room for the next", async () => {
    const told = begin(await listenWith(answer), { limits: { ...BATCH, batchMax: 20, waitingMax: 20 } });
    const sent = title.startsWith("answers a byte");
    for (const spans of [20, 40]) {
      for (let i = 0; i < 20; i++) span();
      await expect.poll(() => told.sent + (told.lost["collector"] ?? 0), { timeout: 5000 }).toBe(spans);
    }
    // It has accepted what it said 200 to.
    expect(told).toMatchObject(sent ? { sent: 40, lost: {} } : { sent: 0, lost: { collector: 40 } });
  });

  it("does not keep a process alive that stops", async () => {
    const url = await listenWith(answer);
    const limits = { ...BATCH, sendWithinMs: 30_000 };
    const options = { service: "s", instanceId: "i", endpoint: url, headers: "", share: 1, limits };
    const program = `
      import { exportSpans } from ${JSON.stringify(new URL("export.ts", import.meta.url).href)};
      import { startSpan } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
      const ignore = () => {};
      const exporting = exportSpans({ ...${JSON.stringify(options)}, onSent: ignore, onLost: ignore, onCollector: ignore });
      const record = () => { for (let i = 0; i < 20; i++) startSpan({ name: "work", kind: "internal" }, undefined).end(); };
      record();
      setTimeout(async () => { record(); await exporting.stop(); console.log(Date.now()); }, 200);`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { timeout: 20_000 });
    expect(Date.now() - Number(stdout)).toBeLessThan(1000);
  }, 30_000);
});

it("a collector's answer is read no further than it could be of use", async () => {
  let written = 0;
  const url = await listenWith((_, response) => {
    response.writeHead(200).on("error", () => {});
    const { socket } = response;
    response.on("close", () => (written = socket?.bytesWritten ?? 0));
    const flood = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
    };
    response.on("drain", flood);
    flood();
  });
  const told = begin(url);
  span();
  await expect.poll(() => told.sent, { timeout: 5000 }).toBe(1);
  await expect.poll(() => written, { timeout: 5000 }).toBeGreaterThan(0);
  expect(written).toBeLessThan(20 * 1024 * 1024); // what the kernel holds is written too
});
