import type { Logger } from "@muster/log";
import { fastify } from "fastify";
import type { Metrics } from "./metrics.ts";
import type { AppPart } from "./parts.ts";

/** Resolves to undefined when all is well, else to the reason why not. */
export type Check = () => Promise<string | undefined> | string | undefined;

export interface AdminServer extends AppPart {
  readonly url: string;
  /** The last part of an app: /readyz is 200 from its start to its stop, as far as the checks say so. */
  readonly serving: AppPart;
}

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** What readiness depends on. Liveness depends on nothing: a restart does not mend a database. */
  readonly ready: Readonly<Record<string, Check>>;
}

const CHECK_TIMEOUT_MS = 2000;

/** The HTTP/1.1 port of every process: /healthz (alive), /readyz (can do its work), /metrics (Prometheus text). */
export function createAdminServer(options: AdminOptions): AdminServer {
  const server = fastify({ logger: false, forceCloseConnections: true });
  let phase: "starting" | "serving" | "draining" = "starting";
  let url = "";
  server.get("/healthz", () => ({ status: "ok" }));
  server.get("/readyz", async (_req, reply) => {
    const failures = await failedChecks(options.ready);
    if (phase !== "serving") failures[phase] = `this process is ${phase === "draining" ? "stopping" : "starting"}`;
    const ready = Object.keys(failures).length === 0;
    return reply.code(ready ? 200 : 503).send(ready ? { status: "ok" } : { status: "unready", failures });
  });
  server.get("/metrics", async (_req, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.metrics()),
  );
  return {
    name: "admin server",
    get url() {
      return url;
    },
    serving: {
      name: "serving",
      async start() {
        phase = "serving";
      },
      async stop() {
        phase = "draining";
      },
    },
    async start() {
      url = await server.listen({ host: options.host, port: options.port });
      options.log.info({ url }, "admin server is listening");
    },
    stop: () => server.close(),
  };
}

async function failedChecks(checks: Readonly<Record<string, Check>>): Promise<Record<string, string>> {
  const failures: Record<string, string> = {};
  await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const timeout = AbortSignal.timeout(CHECK_TIMEOUT_MS);
      const late = new Promise<string>((resolve) => {
        timeout.addEventListener("abort", () => resolve(`no answer within ${CHECK_TIMEOUT_MS} ms`), { once: true });
      });
      try {
        const reason = await Promise.race([check(), late]);
        if (reason !== undefined) failures[name] = reason;
      } catch (err) {
        failures[name] = err instanceof Error ? err.message : String(err);
      }
    }),
  );
  return failures;
}
