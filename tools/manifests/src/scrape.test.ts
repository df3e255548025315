// What Prometheus keeps in a cluster, compared with what the manifests have.
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { type Manifest, render } from "./render.ts";
import { SERVICES } from "./services.ts";

const FILE = path.join(import.meta.dirname, "../../../infra/prometheus/kubernetes.yml");

interface Scrape {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly {
    readonly role: string;
    readonly namespaces: { readonly names: string[] };
  }[];
  readonly relabel_configs: readonly {
    readonly source_labels: string[];
    readonly regex?: string;
    readonly action?: string;
  }[];
}

it("Prometheus takes the admin port of every process, of pods that may be asked from its namespace", () => {
  const [scrape] = (parse(readFileSync(FILE, "utf8")) as { scrape_configs: Scrape[] }).scrape_configs as [Scrape];
  expect(scrape.job_name).toBe("muster");
  expect(scrape.kubernetes_sd_configs).toEqual([{ role: "pod", namespaces: { names: ["muster"] } }]);
  const keep = scrape.relabel_configs.find(({ action }) => action === "keep");
  expect(keep?.source_labels).toEqual([
    "__meta_kubernetes_pod_label_app_kubernetes_io_part_of",
    "__meta_kubernetes_pod_container_port_name",
  ]);
  const manifests = render("overlays/production");
  const kept = manifests.flatMap((manifest) => portsOf(manifest, new RegExp(`^(?:${keep?.regex})$`)));
  expect(new Set(kept)).toEqual(new Set(Object.values(SERVICES).map(({ adminPort }) => adminPort)));
  for (const [name, { adminPort }] of Object.entries(SERVICES)) {
    const policy = manifests.find(({ kind, metadata }) => kind === "NetworkPolicy" && metadata.name === name);
    const rules = (policy as any).spec.ingress.filter((rule: any) =>
      rule.ports.some(({ port }: any) => port === adminPort),
    );
    expect(JSON.stringify(rules), name).toContain('"kubernetes.io/metadata.name":"monitoring"');
  }
});

function portsOf({ kind, metadata, spec }: Manifest, pattern: RegExp): number[] {
  const template = (spec as any)?.template;
  if (!template) return [];
  expect(metadata.namespace, `${kind} ${metadata.name}`).toBe("muster");
  const part = template.metadata.labels["app.kubernetes.io/part-of"];
  return template.spec.containers.flatMap(({ ports = [] }: any) =>
    ports.filter(({ name }: any) => pattern.test(`${part};${name}`)).map(({ containerPort }: any) => containerPort),
  );
}
