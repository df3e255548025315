import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { OVERLAYS } from "./check.ts";
import { composeProblems, readCompose } from "./compose.ts";
import { policyProblems } from "./policies.ts";
import { type Manifest, render } from "./render.ts";
import { schemaProblems } from "./schemas.ts";
import { SERVICES } from "./services.ts";

const base = [...render("base"), ...render("overlays/production/migrations")];
/** A copy of the base in which one manifest is changed. */
const changed = (kind: string, name: string, change: (manifest: any) => void): Manifest[] => {
  const copy = structuredClone(base);
  change(copy.find((one) => one.kind === kind && one.metadata.name === name));
  return copy;
};

describe("the migrations", () => {
  it.each(["overlays/local", "overlays/production"])("of every service with a database are in %s", (overlay) => {
    const jobs = render(overlay).filter(({ kind }) => kind === "Job");
    expect(jobs.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      ["chat-service", "identity-service", "match-service", "rating-service", "replay-service"].map(
        (name) => `${name}-migrate-2-0-0-dev`,
      ),
    );
  });
});

describe.each(OVERLAYS)("the manifests of %s", (overlay) => {
  // The first one makes the schemas: seconds.
  it("are what the Kubernetes API takes, and keep our policies", { timeout: 60_000 }, () => {
    const manifests = render(overlay);
    expect(manifests.flatMap(schemaProblems)).toEqual([]);
    expect(policyProblems(manifests)).toEqual([]);
  });
});

it("the operator's Pod is what the Kubernetes API takes", { timeout: 60_000 }, () => {
  expect(render("operator").flatMap(schemaProblems)).toEqual([]);
});

describe("the check of the manifests", () => {
  const container = (manifest: any): any => manifest.spec.template.spec.containers[0];

  it("has every process", () => {
    const names = base
      .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
      .map(({ metadata }) => metadata.name);
    expect(names.toSorted()).toEqual([...Object.keys(SERVICES), "ingress"].toSorted());
  });

  it.each([
    ["an unknown field", (m: any) => (m.spec.replica = 2)],
    ["a wrong type", (m: any) => (m.spec.replicas = "two")],
    ["a missing selector", (m: any) => delete m.spec.selector],
    ["a misspelt field deep inside", (m: any) => (container(m).imagee = "x")],
  ])("refuses %s, by the schema", (_note, change) => {
    expect(changed("Deployment", "edge-api", change).flatMap(schemaProblems)).not.toEqual([]);
  });

  it.each([
    ["root", (m: any) => delete m.spec.template.spec.securityContext.runAsNonRoot, "may run as root"],
    ["a writable root", (m: any) => (container(m).securityContext.readOnlyRootFilesystem = false), "root file system"],
    ["no memory limit", (m: any) => delete container(m).resources.limits, "no memory limit"],
    ["no probe", (m: any) => delete container(m).livenessProbe, "lacks a probe"],
    ["latest", (m: any) => (container(m).image = "muster/edge-api:latest"), "names no version"],
    ["a short grace period", (m: any) => (m.spec.template.spec.terminationGracePeriodSeconds = 10), "too short"],
    ["an unknown variable", (m: any) => container(m).env.push({ name: "EDGE_NO_SUCH", value: "1" }), "means nothing"],
    ["a variable out of bounds", (m: any) => container(m).env.push({ name: "EDGE_PORT", value: "70000" }), "EDGE_PORT"],
    ["a secret in the open", (m: any) => container(m).env.push({ name: "EDGE_KEY", value: "x" }), "use a secret"],
  ])("refuses %s, by our policies", (_note, change, problem) => {
    expect(policyProblems(changed("Deployment", "edge-api", change)).join("\n")).toContain(problem);
  });

  it("refuses a network policy that does not let out to where its pods are let in", () => {
    const shut = (policy: any): void => {
      policy.spec.egress = policy.spec.egress.filter(({ ports }: any) => !ports.some(({ port }: any) => port === 7240));
    };
    expect(policyProblems(changed("NetworkPolicy", "realtime-gateway", shut))).toEqual([
      "realtime-gateway is not let out to shard:7240, which lets it in",
    ]);
  });

  it("refuses a network policy that lets in who has no business there", () => {
    const open = (policy: any): void =>
      policy.spec.ingress[0].from.push({ podSelector: { matchLabels: { "app.kubernetes.io/name": "chat-service" } } });
    expect(policyProblems(changed("NetworkPolicy", "shard", open)).join()).toContain("the architecture says");
    expect(policyProblems(changed("NetworkPolicy", "shard", (p) => delete p.spec.ingress[0].from)).join()).toContain(
      "everyone",
    );
    expect(policyProblems(base.filter(({ metadata }) => metadata.name !== "deny-by-default")).join()).toContain(
      "denies by default",
    );
  });

  it("refuses a budget or a service that takes in a migration's pods, and a shard without a name before it is ready", () => {
    const wide = (manifest: any): void => {
      delete (manifest.spec.selector.matchLabels ?? manifest.spec.selector)["app.kubernetes.io/component"];
    };
    for (const kind of ["PodDisruptionBudget", "Service"])
      expect(policyProblems(changed(kind, "match-service", wide))).toEqual([
        `${kind} match-service takes in the pods of Job match-service-migrate-2-0-0-dev`,
      ]);
    const late = changed("Service", "shard", (service) => delete service.spec.publishNotReadyAddresses);
    expect(policyProblems(late)).toEqual(["Service shard: its pods have no name before they are ready"]);
  });

  it("refuses shards that come and go one after the other, or whose upgrade cannot be held", () => {
    const problemsOf = (change: (manifest: any) => void): string[] =>
      policyProblems(changed("StatefulSet", "shard", change));
    expect(problemsOf((m) => delete m.spec.podManagementPolicy)).toEqual([
      "StatefulSet shard: starts and ends its pods one after the other",
    ]);
    expect(problemsOf((m) => (m.spec.updateStrategy = { rollingUpdate: { partition: 0 } }))).toEqual([
      "StatefulSet shard: sets the partition back that an upgrade goes by",
    ]);
  });

  it("refuses a migration that is named as that of another version", () => {
    const next = structuredClone(base);
    for (const manifest of next as any[])
      if (manifest.kind === "Job") container(manifest).image = container(manifest).image.replace(/:.*/, ":2.0.1");
    expect(policyProblems(next)).toEqual(
      ["chat", "identity", "match", "rating", "replay"].map((name) =>
        expect.stringContaining(`Job ${name}-service-migrate-2-0-0-dev: does not end with -2-0-1`),
      ),
    );
  });

  it("refuses a workload without a disruption budget", () => {
    const without = base.filter(({ kind, metadata }) => kind !== "PodDisruptionBudget" || metadata.name !== "shard");
    expect(policyProblems(without)).toEqual(["StatefulSet shard: has no disruption budget"]);
  });
});

describe("the compose file", () => {
  it("has every process with a configuration that it takes", () => {
    expect(composeProblems(readCompose())).toEqual([]);
  });

  it("is refused when it kills a process before its own limit", () => {
    const late = readCompose().replace('GATEWAY_STOP_WITHIN_MS: "15000"', 'GATEWAY_STOP_WITHIN_MS: "30000"');
    expect(composeProblems(late)).toEqual([
      "compose: realtime-gateway is killed after 20 s, within its own GATEWAY_STOP_WITHIN_MS of 30000 ms",
    ]);
  });

  it("is refused with an unknown variable or without a needed one", () => {
    expect(composeProblems(readCompose().replace("EDGE_MATCH_URL", "EDGE_MATCHES_URL")).join()).toMatch(
      /EDGE_MATCHES_URL.*EDGE_MATCH_URL/s,
    );
  });
});

describe("the databases of a local cluster", () => {
  it("are made as compose makes them", () => {
    const read = (file: string): string => readFileSync(new URL(`../../../infra/${file}`, import.meta.url), "utf8");
    expect(read("k8s/overlays/local/databases.sh")).toBe(read("compose/databases.sh"));
  });
});
