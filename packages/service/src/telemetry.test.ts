import { Writable } from "node:stream";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient, createRpcServer, type RpcServer } from "@muster/rpc";
import { isRecording, newTrace, withTrace } from "@muster/tracing";
import { expect, it } from "vitest";
import { serviceConfig } from "./fields.ts";
import { defineService } from "./service.ts";

const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const CALLS = 300;
/** Nobody listens there. */
const AWAY = "http://user:secret@127.0.0.1:9";

function serviceWith(env: Readonly<Record<string, string>>): {
  app: { start(): Promise<void>; stop(): Promise<void>; components: readonly string[]; rpc: RpcServer };
  lines: string[];
  metric: (name: string) => Promise<string[]>;
} {
  const lines: string[] = [];
  const sink = new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) });
  const configuration = serviceConfig("NOTES", { listens: {}, adminPort: 0 }, {});
  const service = defineService({
    name: "notes",
    configuration,
    compose({ metrics, log }) {
      const routes: Parameters<typeof createRpcServer>[0]["routes"] = (router) =>
        router.service(IdentityService, { getProfile: () => ({}) });
      const rpc = createRpcServer({ host: "127.0.0.1", port: 0, routes, metrics, log });
      return { components: [rpc], exposes: { rpc } };
    },
  });
  const app = service.createApp(configuration.read(env), { log: createLogger("notes", "warn", sink) });
  const metric = async (name: string): Promise<string[]> => {
    const text = await (await fetch(`${app.admin.url}/metrics`)).text();
    return text.split("\n").filter((line) => line.startsWith(name));
  };
  return { app, lines, metric };
}

it("a service without a collector has neither a component nor metrics for it, and records nothing", async () => {
  const { app, metric } = serviceWith({});
  await app.start();
  expect([app.components, isRecording(), await metric("trace_spans")]).toEqual([
    ["admin server", "rpc server", "serving"],
    false,
    [],
  ]);
  await app.stop();
});

it("a collector that is away fails no call, is told once and without its password, and what is lost is counted", async () => {
  const { app, lines, metric } = serviceWith({ OTEL_EXPORTER_OTLP_ENDPOINT: AWAY });
  await app.start();
  const client = createRpcClient({ service: IdentityService, baseUrl: app.rpc.url, dependency: anyMethods(2000) });
  const call = (): Promise<unknown> => withTrace(newTrace(), () => client.call.getProfile({ playerId: ID }));
  for (let i = 0; i < CALLS / 10; i++) await Promise.all(Array.from({ length: 10 }, call));
  const lost = `trace_spans_lost_total{reason="collector",service="notes"} ${CALLS * 2}`; // the caller's spans and the callee's
  await expect.poll(() => metric("trace_spans_lost_total"), { timeout: 20_000 }).toContain(lost);
  expect(await metric("trace_spans_sent_total")).toEqual(['trace_spans_sent_total{service="notes"} 0']);
  const told = lines.filter((line) => line.includes("the trace collector does not accept spans"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("ECONNREFUSED");
  expect(lines.join("")).not.toContain("secret");
  await client.stop?.();
  const stoppedAt = performance.now();
  await app.stop();
  expect(performance.now() - stoppedAt).toBeLessThan(3000);
  expect(isRecording()).toBe(false);
}, 30_000);
