import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { fastify } from "fastify";
import { Gauge } from "prom-client";

/** Resolves to undefined when all is well, else to the reason why not. */
export type Check = () => Promise<string | undefined> | string | undefined;

export interface AdminServer extends Component {
  readonly url: string;
  /** The last component of an app: /readyz is 200 from its start to its stop, as far as the checks say so. */
  readonly serving: Component;
}

/** Which process this is. */
export interface About {
  readonly service: string;
  /** Of this process, made anew at each start. */
  readonly instanceId: string;
  readonly version: string;
  readonly startedAt: Date;
}

export interface AdminOptions {
  readonly about: About;
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Logger;
  /**
   * What readiness depends on: what is this process's own, such as its database. Never another process of ours: two that wait for
   * each other's readiness never come up behind a balancer that leaves unready ones out, and one that restarts would take all
   * its peers out with it. Liveness depends on nothing: a restart does not mend a database.
   */
  readonly ready: Readonly<Record<string, Check>>;
  /** Other processes of ours without which part of its work is not done: told by /statusz and by metrics, by nothing else. */
  readonly peers?: Readonly<Record<string, Check>>;
  /** Servers without which some of its work waits, and nothing is lost: told by /statusz, which stays 200, and by metrics. */
  readonly waitsFor?: Readonly<Record<string, Check>>;
}

const CHECK_TIMEOUT_MS = 2000;

/**
 * The HTTP/1.1 port of every process: /healthz (alive), /readyz (can do its work), /statusz (and nothing is missing around it; says
 * what readiness depends on, and what waits; and which process it is), /metrics (Prometheus text).
 */
export function createAdminServer(options: AdminOptions): AdminServer {
  const server = fastify({ logger: false, forceCloseConnections: true });
  let phase: "starting" | "serving" | "draining" = "starting";
  let url = "";
  server.get("/healthz", () => ({ status: "ok" }));
  const peers = options.peers ?? {};
  const waitsFor = options.waitsFor ?? {};
  countMissing(options.metrics, { ...peers, ...waitsFor });
  const ownFailures = async (): Promise<Record<string, string>> => {
    const failures = await failedChecks(options.ready);
    if (phase !== "serving") failures[phase] = `this process is ${phase === "draining" ? "stopping" : "starting"}`;
    return failures;
  };
  server.get("/statusz", async (_req, reply) => {
    const [failures, missing, waiting] = await Promise.all([
      ownFailures(),
      failedChecks(peers),
      failedChecks(waitsFor),
    ]);
    const [unready, lacking, delayed] = [failures, missing, waiting].map((some) => Object.keys(some).length > 0);
    const status = unready ? "unready" : lacking || delayed ? "degraded" : "ok";
    const readyDependsOn = Object.keys(options.ready);
    const named = { readyDependsOn, peers: Object.keys(peers), waitsFor: Object.keys(waitsFor) };
    const said = { status, failures, missing, waiting, ...named, about: options.about };
    return reply.code(unready || lacking ? 503 : 200).send(said);
  });
  server.get("/readyz", async (_req, reply) => {
    const failures = await ownFailures();
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

function countMissing(metrics: Metrics, peers: Readonly<Record<string, Check>>): void {
  if (Object.keys(peers).length === 0) return;
  new Gauge({
    name: "peer_missing",
    help: "1 while this process cannot reach a peer that it needs for part of its work: there is no session, or the last attempt to connect failed",
    labelNames: ["peer"],
    registers: [metrics],
    async collect() {
      const missing = await failedChecks(peers);
      for (const peer of Object.keys(peers)) this.set({ peer }, peer in missing ? 1 : 0);
    },
  });
}

/** The reasons of those that fail or do not answer in time, by name. */
export async function failedChecks(checks: Readonly<Record<string, Check>>): Promise<Record<string, string>> {
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
