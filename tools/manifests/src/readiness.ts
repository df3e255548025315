// Who waits for whom before it is ready. A Service leaves pods out that are not ready, so two that wait for each other through
// Services never come up, and one that restarts takes out all that wait for it.
import { SERVICES, type ServiceRow } from "@muster/local";
import { podOf, WORKLOAD_KINDS } from "./policies.ts";
import type { Manifest } from "./render.ts";

/** A call that has to succeed before a path answers 200: whose, and to the addresses in which variable of the caller. */
interface Call {
  readonly caller: string;
  readonly variable: string;
  /** What is asked for there, where the variable does not say it. */
  readonly path?: string;
}

const ALONE = { "/healthz": [], "/readyz": [] } as const;
const asks = (caller: string, variable: string, path?: string): Call => ({ caller, variable, ...(path && { path }) });
/** Whom it calls by an address that it is given. */
const askedBy = ({ name, calls }: ServiceRow): Call[] =>
  Object.values(calls).flatMap((variable) => (variable === undefined ? [] : [asks(name, variable)]));
/** Both connect to the matchmaker, which calls neither. */
const CONNECTED = [asks("shard", "SHARD_MATCHMAKER_URL"), asks("realtime-gateway", "GATEWAY_MATCHMAKER_URL")];

/**
 * What each path that a probe may ask depends on, of other workloads of ours. `/readyz` of every process depends on none:
 * tools/e2e/src/readiness.system.test.ts starts each of them alone. Where a path waits for a peer to connect, it depends on that peer's call.
 */
export const ANSWERS: Readonly<Record<string, Readonly<Record<string, readonly Call[]>>>> = {
  ...Object.fromEntries(
    SERVICES.map((row) => {
      const called = [...askedBy(row), ...(row.name === "matchmaker" ? CONNECTED : [])];
      const health = row.healthUrls ? { "/system/healthz": [asks(row.name, row.healthUrls), ...called] } : {};
      return [row.name, { ...ALONE, "/statusz": called, ...health }];
    }),
  ),
  ingress: { "/livez": [], "/healthz": [asks("ingress", "EDGE_ADDRESS", "/system/healthz")] },
};

interface Probe {
  readonly httpGet?: { readonly path: string };
  readonly tcpSocket?: object;
}

/** Cycles of readiness; probes whose path is not known here; and probes for whose failure a pod is killed that ask others. */
export function readinessProblems(manifests: readonly Manifest[], answers = ANSWERS): string[] {
  const workloads = manifests.filter(({ kind }) => WORKLOAD_KINDS.includes(kind) && kind !== "Job");
  const problems: string[] = [];
  const waits = new Map<string, string[]>();
  for (const { metadata, ...rest } of workloads) {
    const { name } = metadata;
    const [container] = podOf({ metadata, ...rest }).containers;
    const pathOf = (kind: "readinessProbe" | "livenessProbe" | "startupProbe"): string | undefined => {
      const probe = container?.[kind] as Probe | undefined;
      if (!probe || probe.tcpSocket) return undefined;
      const path = probe.httpGet?.path;
      if (path !== undefined && answers[name]?.[path]) return path;
      problems.push(`${name}: nothing is known of what its ${kind} ${path ?? ""} depends on`);
      return undefined;
    };
    const ready = pathOf("readinessProbe");
    waits.set(name, ready === undefined ? [] : [`${name} ${ready}`]);
    for (const kind of ["livenessProbe", "startupProbe"] as const) {
      const path = pathOf(kind);
      if (path !== undefined && answers[name]?.[path]?.length)
        problems.push(`${name}: its ${kind} asks others: it is killed for what it cannot mend`);
    }
    for (const [path, calls] of Object.entries(answers[name] ?? {}))
      waits.set(
        `${name} ${path}`,
        calls.flatMap((call) => targetsOf(call, manifests, problems)),
      );
  }
  const cycles = cyclesOf(waits, workloads).map((cycle) => `readiness goes round: ${cycle.join(" → ")}`);
  return [...new Set([...problems, ...cycles])];
}

/** Health is that of every instance: a virtual address shows one of them, any. */
export function healthProblems(manifests: readonly Manifest[]): string[] {
  const edge = manifests.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "edge-api");
  const urls = edge && podOf(edge).containers[0]?.env?.find(({ name }) => name === "EDGE_HEALTH_URLS")?.value;
  return Object.entries(JSON.parse(urls ?? "{}") as Record<string, string>).flatMap(([name, url]) => {
    const { hostname } = new URL(url);
    const service = manifests.find(({ kind, metadata }) => kind === "Service" && metadata.name === hostname);
    const workload = manifests.find(({ kind, metadata }) => WORKLOAD_KINDS.includes(kind) && metadata.name === name);
    const { replicas, strategy } = (workload?.spec ?? {}) as { replicas?: number; strategy?: { type?: string } };
    const isAlone = replicas === 1 && strategy?.type === "Recreate";
    return isAlone || (service?.spec as { clusterIP?: string } | undefined)?.clusterIP === "None"
      ? []
      : [`the health of ${name} is asked of any one of its instances: ${hostname} is not headless`];
  });
}

/** What has to be ready, or to answer, before the call succeeds. */
function targetsOf(call: Call, manifests: readonly Manifest[], problems: string[]): string[] {
  const caller = manifests.find(({ kind, metadata }) => WORKLOAD_KINDS.includes(kind) && metadata.name === call.caller);
  const value = caller && podOf(caller).containers[0]?.env?.find(({ name }) => name === call.variable)?.value;
  if (value === undefined) {
    problems.push(`${call.caller} has no ${call.variable}`);
    return [];
  }
  const addresses = [...value.matchAll(/([a-z][a-z0-9-]*):\d+(\/[a-z/]+)?/g)];
  return addresses.flatMap(([, host, path = call.path]) => {
    const service = manifests.find(({ kind, metadata }) => kind === "Service" && metadata.name === host);
    if (!service) {
      problems.push(`${call.variable} of ${call.caller} names ${host}, and there is no such Service`);
      return [];
    }
    const { selector, publishNotReadyAddresses } = service.spec as unknown as ServiceSpec;
    const called = selector["app.kubernetes.io/name"] ?? "";
    return [
      ...(publishNotReadyAddresses === true ? [] : [called]),
      ...(path === undefined ? [] : [`${called} ${path}`]),
    ];
  });
}

interface ServiceSpec {
  readonly selector: Readonly<Record<string, string>>;
  readonly publishNotReadyAddresses?: boolean;
}

/** Of what is waited for from some workload's readiness on; each cycle once. */
function cyclesOf(waits: ReadonlyMap<string, readonly string[]>, workloads: readonly Manifest[]): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const follow = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node);
    if (at >= 0) cycles.push([...path.slice(at), node]);
    if (at >= 0 || done.has(node)) return;
    for (const next of waits.get(node) ?? []) follow(next, [...path, node]);
    done.add(node);
  };
  for (const { metadata } of workloads) follow(metadata.name, []);
  return cycles;
}
