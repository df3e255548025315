import { readFileSync } from "node:fs";
import { createLogger, type Logger } from "@muster/log";
import { type App, type Component, composeProcess, createMetrics, type Metrics } from "@muster/runtime";
import { v7 as uuidv7 } from "uuid";
import { showOutgoingClients } from "./outgoing-clients.ts";
import type { Configuration, ServiceConfig } from "./fields.ts";
import { type About, type AdminServer, type Check, createAdminServer } from "./health.ts";
import { createTelemetry } from "./telemetry.ts";

/** What a test may put in the place of the real one, in every service. */
export interface Overrides {
  readonly log?: Logger;
  readonly now?: () => Date;
}

/** What a service is composed of that is the same in all of them. */
export interface ServiceContext<C extends ServiceConfig, O extends Overrides = Overrides> {
  readonly config: C;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => Date;
  /** The same clock, milliseconds since 1970: for what asks it for every message. */
  readonly nowMs: () => number;
  /** Of this process, made anew at each start. */
  readonly instanceId: string;
  readonly about: About;
  readonly overrides: O;
}

export interface Composition<X extends object = object> {
  /** In the order in which they start; they stop in reverse. The admin server is around them all. */
  readonly components: readonly Component[];
  /** See AdminOptions; without it the process is ready once it has started. */
  readonly ready?: Readonly<Record<string, Check>>;
  readonly peers?: Readonly<Record<string, Check>>;
  /** See AdminOptions. */
  readonly waitsFor?: Readonly<Record<string, Check>>;
  /** Of its components: those that its tests reach by the app. */
  readonly exposes?: X;
}

/** All packages of a release have the same. */
const { version: VERSION } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

export interface ServiceApp extends App {
  readonly admin: AdminServer;
}

export interface ServiceDefinition<C extends ServiceConfig, X extends object, O extends Overrides> {
  readonly name: string;
  readonly configuration: Configuration<C>;
  /** Under what name its log lines say which instance they are of; without it they do not. */
  readonly instanceIdField?: string;
  /** Builds the service and starts nothing. */
  readonly compose: (context: ServiceContext<C, O>) => Composition<X>;
}

export interface Service<C extends ServiceConfig, A extends ServiceApp = ServiceApp, O extends Overrides = Overrides> {
  readonly name: string;
  readonly configuration: Configuration<C>;
  /** Builds the whole service and starts nothing. */
  readonly createApp: (config: C, overrides?: O) => A;
}

/** A service as a value: run by runService, and by tests in their own process. */
export function defineService<C extends ServiceConfig, X extends object, O extends Overrides = Overrides>(
  definition: ServiceDefinition<C, X, O>,
): Service<C, ServiceApp & X, O> {
  const { name, configuration } = definition;
  return { name, configuration, createApp: (config, overrides) => createApp(definition, config, overrides) };
}

function createApp<C extends ServiceConfig, X extends object, O extends Overrides>(
  { name, instanceIdField, compose }: ServiceDefinition<C, X, O>,
  config: C,
  overrides: O = {} as O,
): ServiceApp & X {
  const instanceId = uuidv7();
  const processLog = overrides.log ?? createLogger(name, config.logLevel);
  const log = instanceIdField === undefined ? processLog : processLog.child({ [instanceIdField]: instanceId });
  const metrics = createMetrics(name);
  showOutgoingClients(metrics);
  const clock = overrides.now;
  const now = clock ?? (() => new Date());
  const nowMs = clock ? () => clock().getTime() : Date.now;
  const about = { service: name, instanceId, version: VERSION, startedAt: new Date() };
  const composition = compose({ config, log, metrics, now, nowMs, instanceId, about, overrides });
  const { components, ready = {}, peers = {}, waitsFor = {}, exposes = {} as X } = composition;
  const { host, adminPort: port } = config;
  const admin = createAdminServer({ about, host, port, metrics, log, ready, peers, waitsFor });
  const telemetry = createTelemetry({ service: name, instanceId, config, metrics, log });
  return Object.assign(composeProcess(admin, [...telemetry, ...components]), { admin }, exposes);
}
