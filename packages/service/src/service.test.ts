import { int } from "@muster/config";
import { createLogger } from "@muster/log";
import { describe, expect, it } from "vitest";
import {
  type DatabaseComposition,
  type DatabaseContext,
  databaseConfig,
  defineDatabaseService,
  defineService,
  port,
  type ServiceConfig,
  type ServiceContext,
  serviceConfig,
} from "./database.ts";

const log = createLogger("test", "silent");
const part = (name: string): { name: string } => ({ name });

describe("a configuration with one prefix", () => {
  const configuration = databaseConfig(
    "NOTES",
    { grpcPort: 7300, adminPort: 7301 },
    { NOTES_PER_DAY: int({ default: 5, description: "notes" }) },
  );

  it("has the standard variables under it, and reads all of its own without it", () => {
    expect(Object.keys(configuration.fields)).toEqual([
      "LOG_LEVEL",
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      "OTEL_EXPORTER_OTLP_HEADERS",
      "OTEL_TRACES_SAMPLER_ARG",
      "DB_POOL_MAX",
      "DB_ACQUIRE_TIMEOUT_MS",
      "DB_STATEMENT_TIMEOUT_MS",
      "DB_WAIT_MS",
      "NOTES_HOST",
      "NOTES_GRPC_PORT",
      "NOTES_ADMIN_PORT",
      "NOTES_DB_URL",
      "NOTES_PER_DAY",
      "NOTES_CALLS_IN_FLIGHT_MIN",
      "NOTES_CALLS_IN_FLIGHT_MAX",
      "NOTES_EVENT_LOOP_LATE_MS",
      "NOTES_STOP_WITHIN_MS",
    ]);
    const config = configuration.read({ NOTES_DB_URL: "mysql://u:p@h/notes_1", NOTES_GRPC_PORT: "1" });
    expect(config).toMatchObject({ host: "127.0.0.1", grpcPort: 1, adminPort: 7301, stopWithinMs: 10_000, perDay: 5 });
    expect(config).toMatchObject({ dbUrl: "mysql://u:p@h/notes_1", dbPoolMax: 8, logLevel: "info" });
  });

  it("asks what works on the database alone for nothing else", () => {
    const needed = databaseConfig(
      "NOTES",
      { grpcPort: 1, adminPort: 2 },
      { NOTES_KEY: int({ description: "required" }) },
    );
    expect(needed.readDatabase({ NOTES_DB_URL: "mysql://u:p@h/d" }).dbUrl).toBe("mysql://u:p@h/d");
    expect(() => needed.read({ NOTES_DB_URL: "mysql://u:p@h/d" })).toThrow(/NOTES_KEY is missing/);
  });

  it("bounds a stop as its service needs it", () => {
    const slow = serviceConfig(
      "SLOW",
      { listens: {}, adminPort: 1, stopWithinMs: { default: 120_000, max: 400_000 } },
      {},
    );
    expect(slow.read({}).stopWithinMs).toBe(120_000);
    expect(slow.read({ SLOW_STOP_WITHIN_MS: "400000" }).stopWithinMs).toBe(400_000);
    expect(() => slow.read({ SLOW_STOP_WITHIN_MS: "400001" })).toThrow(/SLOW_STOP_WITHIN_MS/);
  });
});

describe("a service", () => {
  const configuration = serviceConfig("RELAY", { listens: { RELAY_PORT: port(7310, "frames") }, adminPort: 7311 }, {});
  const config = configuration.read({ RELAY_ADMIN_PORT: "0" });

  it("is ready while all of its components have started and none has been stopped, and its admin server is around them", async () => {
    const seen: string[] = [];
    const statusOf = async (url: string): Promise<number> => (await fetch(`${url}/readyz`)).status;
    const watching = {
      name: "watching",
      start: async () => void seen.push(`start ${await statusOf(app.admin.url)}`),
      stop: async () => void seen.push(`stop ${await statusOf(app.admin.url)}`),
    };
    const service = defineService({
      name: "relay",
      configuration,
      compose: () => ({ components: [watching], exposes: { watching } }),
    });
    const app = service.createApp(config, { log });
    await app.start();
    seen.push(`between ${await statusOf(app.admin.url)}`);
    await app.stop();
    expect(seen).toEqual(["start 503", "between 200", "stop 503"]);
    expect(app.watching).toBe(watching);
  });

  it("has one clock, in two forms", () => {
    const contexts: ServiceContext<ServiceConfig>[] = [];
    const service = defineService({
      name: "relay",
      configuration,
      compose: (context) => (contexts.push(context), { components: [] }),
    });
    service.createApp(config, { log, now: () => new Date(5000) });
    service.createApp(config, { log });
    expect([contexts[0]?.now().getTime(), contexts[0]?.nowMs()]).toEqual([5000, 5000]);
    expect(Math.abs((contexts[1]?.now().getTime() ?? 0) - (contexts[1]?.nowMs() ?? 1000))).toBeLessThan(1000);
  });

  it("with a database starts what calls need before they can come, and what needs callers after that", async () => {
    const notes = databaseConfig("NOTES", { grpcPort: 0, adminPort: 0 }, {});
    const compose = (context: DatabaseContext<ReturnType<typeof notes.read>, object>): DatabaseComposition => ({
      routes: (router) => router,
      beforeRpc: [part(`before, of ${context.config.dbUrl}`)],
      retention: [async () => 0],
      afterRpc: [part("after")],
    });
    // One that the dependency table has: its database pool takes its figures from there.
    const service = defineDatabaseService({ name: "chat-service", configuration: notes, migrations: {}, compose });
    const app = service.createApp(notes.read({ NOTES_DB_URL: "mysql://u:p@127.0.0.1:1/d" }), { log });
    expect(app.components).toEqual([
      "admin server",
      "database",
      "schema",
      "before, of mysql://u:p@127.0.0.1:1/d",
      "housekeeping",
      "event loop guard",
      "rpc server",
      "after",
      "serving",
    ]);
  });
});
