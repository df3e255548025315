// What every workload of ours must have, and who may call whom.
import { callersOf, SERVICES as TABLE } from "@muster/local";
import type { Manifest } from "./render.ts";
import { SERVICES } from "./services.ts";

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly resources?: { readonly requests?: Record<string, string>; readonly limits?: Record<string, string> };
  readonly securityContext?: Record<string, unknown>;
  readonly readinessProbe?: object;
  readonly livenessProbe?: object;
  readonly startupProbe?: object;
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command: readonly string[] } } };
  readonly args?: readonly string[];
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly securityContext?: Record<string, unknown>;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
}

/** Who may call which port of whom: the architecture. table.test.ts compares it with what each service has addresses for. */
export const CALLS: Readonly<Record<string, Readonly<Record<number, readonly string[]>>>> = Object.fromEntries(
  TABLE.map((row) => {
    const callers = [...callersOf(row).map(({ name }) => name), ...(row.behindIngress ? ["ingress"] : [])].toSorted();
    return [row.name, callers.length > 0 ? { [row.port]: callers } : {}];
  }),
);
/** edge-api asks every process whether it is ready. */
const ADMIN_CALLERS = ["edge-api"];

export const WORKLOAD_KINDS: readonly string[] = ["Deployment", "StatefulSet", "Job"];

export function policyProblems(manifests: readonly Manifest[]): string[] {
  const workloads = manifests.filter(({ kind }) => WORKLOAD_KINDS.includes(kind));
  return [
    ...workloads.flatMap((workload) => workloadProblems(workload, manifests)),
    ...networkProblems(manifests),
    ...selectorProblems(manifests),
    ...manifests
      .filter(({ kind }) => kind === "Secret")
      .map(({ metadata }) => `Secret ${metadata.name} is in the repository`),
  ];
}

export function podOf(workload: Manifest): PodSpec {
  return (workload.spec as unknown as { template: { spec: PodSpec } }).template.spec;
}

function workloadProblems(workload: Manifest, manifests: readonly Manifest[]): string[] {
  const { kind, metadata } = workload;
  const pod = podOf(workload);
  const problems: string[] = [];
  const demand = (condition: unknown, text: string): void => {
    if (!condition) problems.push(`${kind} ${metadata.name}: ${text}`);
  };
  demand(pod.securityContext?.["runAsNonRoot"] === true, "may run as root");
  demand(pod.securityContext?.["seccompProfile"], "has no seccomp profile");
  demand(pod.automountServiceAccountToken === false, "has a token of the API server");
  demand(pod.terminationGracePeriodSeconds, "has no grace period");
  for (const container of pod.containers) {
    demand(!/:latest$|^[^:]+$/.test(container.image), `${container.image} names no version`);
    demand(container.securityContext?.["readOnlyRootFilesystem"] === true, "may write to its root file system");
    demand(container.securityContext?.["allowPrivilegeEscalation"] === false, "may gain privileges");
    demand(JSON.stringify(container.securityContext?.["capabilities"]) === '{"drop":["ALL"]}', "keeps capabilities");
    demand(container.resources?.requests?.["cpu"] && container.resources.requests["memory"], "requests no resources");
    demand(container.resources?.limits?.["memory"], "has no memory limit");
    for (const { name, value } of container.env ?? [])
      demand(!/KEY|PASSWORD|DB_URL/.test(name) || value === undefined, `${name} is written down: use a secret`);
    if (kind === "Job") {
      const suffix = `-${container.image
        .split(":")
        .at(-1)
        ?.replaceAll(/[^a-z0-9-]/g, "-")}`;
      demand(
        metadata.name.endsWith(suffix),
        `does not end with ${suffix}, as its image's tag: a Job does not change, so the next version could not be applied`,
      );
      continue;
    }
    demand(container.readinessProbe && container.livenessProbe && container.startupProbe, "lacks a probe");
    demand(container.lifecycle?.preStop, "stops before balancers know");
  }
  if (kind !== "Job") {
    const budget = manifests.some((one) => one.kind === "PodDisruptionBudget" && one.metadata.name === metadata.name);
    demand(budget, "has no disruption budget");
    if (kind === "StatefulSet") {
      const { podManagementPolicy, updateStrategy } = workload.spec as {
        podManagementPolicy?: string;
        updateStrategy?: object;
      };
      // runbooks/v2.0-processes.md adds and takes away several at once, and sets the partition by hand: applying the manifest must leave it.
      demand(podManagementPolicy === "Parallel", "starts and ends its pods one after the other");
      demand(updateStrategy === undefined, "sets the partition back that an upgrade goes by");
    }
    problems.push(...drainProblems(workload));
  }
  return [...problems, ...environmentProblems(workload)];
}

/** Services and disruption budgets are for what serves: a migration's pod is neither called nor kept. */
function selectorProblems(manifests: readonly Manifest[]): string[] {
  const jobs = manifests
    .filter(({ kind }) => kind === "Job")
    .map((job) => ({ name: job.metadata.name, labels: labelsOf(job) }));
  const selectors = manifests
    .filter(({ kind }) => kind === "Service" || kind === "PodDisruptionBudget")
    .map(({ kind, metadata, spec }) => {
      const { selector } = spec as unknown as { selector: Record<string, string> & { matchLabels?: object } };
      return { what: `${kind} ${metadata.name}`, selector: selector.matchLabels ?? selector };
    });
  const problems = selectors.flatMap(({ what, selector }) =>
    jobs
      .filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value))
      .map(({ name }) => `${what} takes in the pods of Job ${name}`),
  );
  const shard = manifests.find(({ kind, metadata }) => kind === "Service" && metadata.name === "shard");
  // Its name is used as soon as the matchmaker knows it, which is before it is ready.
  if (shard && (shard.spec as unknown as { publishNotReadyAddresses?: boolean }).publishNotReadyAddresses !== true)
    problems.push("Service shard: its pods have no name before they are ready");
  return problems;
}

function labelsOf(workload: Manifest): Readonly<Record<string, string>> {
  const { template } = workload.spec as unknown as { template: { metadata: { labels: Record<string, string> } } };
  return template.metadata.labels;
}

/** The grace period covers preStop and the process's own limit. */
function drainProblems(workload: Manifest): string[] {
  const service = SERVICES[workload.metadata.name];
  if (!service) return [];
  const pod = podOf(workload);
  const [container] = pod.containers;
  const preStopS = Number(container?.lifecycle?.preStop?.exec?.command.at(-1) ?? 0);
  const stopName = Object.keys(service.fields).find((name) => name.endsWith("_STOP_WITHIN_MS")) as string;
  const stopMs = Number(container?.env?.find(({ name }) => name === stopName)?.value);
  if (!(stopMs > 0)) return [`${workload.metadata.name}: ${stopName} is not set, so the grace period cannot fit it`];
  const needed = preStopS + stopMs / 1000;
  const grace = pod.terminationGracePeriodSeconds ?? 0;
  return needed < grace
    ? []
    : [
        `${workload.metadata.name}: a grace period of ${grace} s is too short for preStop ${preStopS} s and ${stopName} ${stopMs} ms`,
      ];
}

/** The environment is what the service's own configuration takes: nothing unknown, nothing missing, nothing malformed. */
function environmentProblems(workload: Manifest): string[] {
  const name = labelsOf(workload)["app.kubernetes.io/name"] ?? "";
  const service = SERVICES[name];
  if (!service) return [];
  const env = podOf(workload).containers[0]?.env ?? [];
  const own = env.filter((entry) => !["NODE_OPTIONS", "POD_NAME"].includes(entry.name));
  const unknown = own
    .filter((entry) => !(entry.name in service.fields))
    .map((entry) => `${name}: ${entry.name} means nothing to it`);
  // What may be absent is: a process starts without it.
  const given = own.filter((entry) => !isOptional(entry));
  const values = Object.fromEntries(
    given.map((entry) => [entry.name, (entry.value ?? secretFor(entry.name)).replace("$(POD_NAME)", "pod-0")]),
  );
  try {
    service.readConfig(values);
    return unknown;
  } catch (err) {
    return [...unknown, `${workload.metadata.name}: ${(err as Error).message}`];
  }
}

function isOptional({ valueFrom }: { readonly valueFrom?: object }): boolean {
  return (valueFrom as { secretKeyRef?: { optional?: boolean } } | undefined)?.secretKeyRef?.optional === true;
}

function secretFor(name: string): string {
  return name.endsWith("_DB_URL") ? "mysql://user:password@mariadb:3306/database" : "ab".repeat(32);
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Record<string, string> };
  readonly namespaceSelector?: object;
}

interface NetworkPolicySpec {
  readonly podSelector: { readonly matchLabels?: Record<string, string> };
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly {
    readonly from?: readonly Peer[];
    readonly ports?: readonly { readonly port: number }[];
  }[];
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly { readonly port: number }[] }[];
}

/** Ingress rules are CALLS and nothing else; whoever is let in somewhere is let out to there. */
function networkProblems(manifests: readonly Manifest[]): string[] {
  const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy");
  const problems: string[] = [];
  const denies = policies.some(
    ({ spec }) => JSON.stringify((spec as unknown as NetworkPolicySpec).podSelector) === "{}",
  );
  if (!denies) problems.push("no policy denies by default");
  for (const [name, calls] of Object.entries(CALLS)) {
    const policy = policies.find(({ metadata }) => metadata.name === name);
    if (!policy) {
      problems.push(`${name} has no network policy`);
      continue;
    }
    const spec = policy.spec as unknown as NetworkPolicySpec;
    const admin = SERVICES[name]?.adminPort;
    const found: Record<number, string[]> = {};
    for (const rule of spec.ingress ?? []) {
      if (!rule.from || !rule.ports) problems.push(`${name}: a rule lets everyone in, or in everywhere`);
      const callers = namesOf(rule.from);
      for (const { port } of rule.ports ?? []) {
        // Once, also where it is let in over UDP as well.
        found[port] = [...new Set([...(found[port] ?? []), ...callers])].toSorted();
      }
    }
    const wanted = { ...calls, ...(admin === undefined ? {} : { [admin]: name === "edge-api" ? [] : ADMIN_CALLERS }) };
    if (JSON.stringify(sortedKeys(found)) !== JSON.stringify(sortedKeys(wanted)))
      problems.push(`${name} lets in ${JSON.stringify(found)}, and the architecture says ${JSON.stringify(wanted)}`);
    for (const [port, callers] of Object.entries(wanted))
      for (const caller of callers)
        if (!letsOut(policies, caller, name, Number(port)))
          problems.push(`${caller} is not let out to ${name}:${port}, which lets it in`);
  }
  return problems;
}

function letsOut(policies: readonly Manifest[], caller: string, name: string, port: number): boolean {
  const policy = policies.find(({ metadata }) => metadata.name === caller);
  const { egress = [] } = (policy?.spec ?? {}) as unknown as NetworkPolicySpec;
  return egress.some((rule) => namesOf(rule.to).includes(name) && rule.ports?.some((one) => one.port === port));
}

function namesOf(peers: readonly Peer[] = []): string[] {
  return peers.flatMap((peer) => peer.podSelector?.matchLabels["app.kubernetes.io/name"] ?? []);
}

function sortedKeys(record: Readonly<Record<number, readonly string[]>>): unknown {
  return Object.entries(record).toSorted(([a], [b]) => Number(a) - Number(b));
}
