// The operator's Pod: it has every key, so it is held tighter than a service, and it reaches what operator.sh asks.
import { expect, it } from "vitest";
import type { PodSpec } from "./policies.ts";
import { type Manifest, render } from "./render.ts";
import { SERVICES } from "./services.ts";

const manifests = render("operator");
const base = render("base");
const specOf = (all: readonly Manifest[], kind: string, name: string): any =>
  all.find((one) => one.kind === kind && one.metadata.name === name)?.spec;
const portsOf = (rules: any[]): number[] => rules.flatMap(({ ports }) => ports.map(({ port }: any) => port as number));
const ASKED = [...Object.values(SERVICES).map(({ adminPort }) => adminPort), 7250, 3306].toSorted((a, b) => a - b);

it("is in the namespace of the others, and as that demands", () => {
  expect(manifests.map(({ metadata }) => metadata.namespace)).toEqual(manifests.map(() => "muster"));
  const pod = specOf(manifests, "Pod", "operator") as PodSpec;
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
  const [container] = pod.containers;
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  for (const { name, value } of container?.env ?? [])
    if (/KEY|PASSWORD|DB_URL/.test(name)) expect(value, name).toBeUndefined();
});

it("asks every process by a name that leads to each of its instances", () => {
  const env = (specOf(manifests, "Pod", "operator") as PodSpec).containers[0]?.env ?? [];
  const value = (name: string): string => env.find((one) => one.name === name)?.value ?? "";
  const urls = JSON.parse(value("MUSTER_ADMIN_URLS")) as Record<string, string>;
  expect(Object.keys(urls).toSorted()).toEqual(Object.keys(SERVICES).toSorted());
  for (const [name, url] of Object.entries(urls)) {
    const { hostname, port } = new URL(url);
    const service = specOf(base, "Service", hostname);
    expect(service?.selector["app.kubernetes.io/name"], name).toBe(name);
    expect(service.ports.map((one: any) => one.port)).toContain(Number(port));
    expect(Number(port)).toBe(SERVICES[name]?.adminPort);
  }
  expect(value("MUSTER_URL")).toBe("http://edge-api:7250");
});

it("is let out to what it asks, and let in there, and nobody else is", () => {
  const out = specOf(manifests, "NetworkPolicy", "operator");
  expect(out.podSelector.matchLabels).toEqual({ "app.kubernetes.io/name": "operator" });
  expect(out.ingress).toBeUndefined();
  expect(portsOf(out.egress).toSorted((a, b) => a - b)).toEqual([...ASKED, 9092, 53, 53].toSorted((a, b) => a - b));
  const into = specOf(manifests, "NetworkPolicy", "operator-comes-in");
  expect(into.podSelector.matchLabels).toEqual({ "app.kubernetes.io/part-of": "muster" });
  expect(into.ingress.flatMap(({ from }: any) => from)).toEqual([
    { podSelector: { matchLabels: { "app.kubernetes.io/name": "operator" } } },
  ]);
  expect(portsOf(into.ingress).toSorted((a, b) => a - b)).toEqual(ASKED);
});
