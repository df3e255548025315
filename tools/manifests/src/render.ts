import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseAllDocuments } from "yaml";

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
  readonly spec?: Record<string, unknown>;
};

const ROOT = path.join(import.meta.dirname, "../../..");

/** What `kubectl apply -k` would send. `overlay`: base, overlays/local, overlays/production. @throws Error */
export function render(overlay: string): Manifest[] {
  const rendered = spawnSync("kubectl", ["kustomize", path.join(ROOT, "infra/k8s", overlay)], { encoding: "utf8" });
  if (rendered.error) throw new Error("kubectl is not installed: apt-get install kubernetes-client");
  if (rendered.status !== 0) throw new Error(`${overlay} does not render:\n${rendered.stderr}`);
  return parseAllDocuments(rendered.stdout).map((document) => document.toJS() as Manifest);
}
