// Which file says what of the processes: whole files, and regions of files that say other things too. A region stands between two
// lines that contain `processes: begin NAME` and `processes: end NAME`, and is indented as the first of them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { type DatabaseRow, databaseServices, deploymentOf, type ServiceRow } from "@muster/local";
import { composeOperator, composePassword, composePasswords, composeServices } from "./compose.ts";
import { processTable, ownerTable, portTable } from "./documents.ts";
import { grafanaFiles } from "./grafana.ts";
import { migrationYaml } from "./migration.ts";
import { operatorEnvironment, operatorPorts } from "./operator.ts";
import { replicasYaml } from "./replicas.ts";
import { databasePasswordKey, databaseSecretKey, environmentYaml } from "./variables.ts";
import { workloadYaml } from "./workload.ts";
import { GENERATED, indent, MARIADB_PORT } from "./yaml.ts";

/** By path from the project's root. */
export type Files = ReadonlyMap<string, string>;

/** What each file should be. @throws Error when a region is not there */
export function infraFiles(rows: readonly ServiceRow[], { root, version }: { root: string; version: string }): Files {
  return new Map([...wholeFiles(rows, version), ...grafanaFiles(), ...regionFiles(rows, root, version)]);
}

function wholeFiles(rows: readonly ServiceRow[], version: string): [string, string][] {
  return [
    ...rows.map((row): [string, string] => [`infra/k8s/base/${row.name}.yaml`, workloadYaml(row, rows, version)]),
    ...databaseServices(rows).map((row): [string, string] => [
      `infra/k8s/migrations/${row.name}.yaml`,
      migrationYaml(row, rows, version),
    ]),
    ["infra/k8s/overlays/local/replicas.yaml", GENERATED + replicasYaml([...rows, "ingress"], () => 1)],
    [
      "infra/k8s/overlays/production/replicas.yaml",
      GENERATED + replicasYaml(rows, (row) => deploymentOf(row).replicasInProduction),
    ],
  ];
}

function regionFiles(rows: readonly ServiceRow[], root: string, version: string): [string, string][] {
  const owners = databaseServices(rows);
  const resources = (some: readonly ServiceRow[]): string => some.map(({ name }) => `- ${name}.yaml\n`).join("");
  const regions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "infra/k8s/base/kustomization.yaml": { secrets: secretComment(owners), resources: resources(rows) },
    "infra/k8s/migrations/kustomization.yaml": { resources: resources(owners) },
    "infra/k8s/overlays/production/kustomization.yaml": { images: imagesYaml(rows, version) },
    "infra/k8s/overlays/local/kustomization.yaml": { secrets: localSecretComment(owners) },
    "infra/k8s/overlays/local/mariadb.yaml": {
      passwords: environmentYaml(
        owners.map((row) => ({ name: composePassword(row), secretKey: databasePasswordKey(row) })),
      ),
      clients: owners
        .map(({ name }) => `- podSelector:\n    matchLabels:\n      app.kubernetes.io/name: ${name}\n`)
        .join(""),
    },
    "infra/k8s/overlays/local/databases.sh": { databases: makeLines(owners) },
    "infra/k8s/operator/operator.yaml": { environment: operatorEnvironment(rows) },
    "infra/k8s/operator/policies.yaml": { out: operatorPorts(rows), in: operatorPorts(rows, [MARIADB_PORT]) },
    "infra/compose/compose.yaml": {
      passwords: composePasswords(rows),
      services: composeServices(rows, version),
      operator: composeOperator(rows),
    },
    "infra/compose/databases.sh": { databases: makeLines(owners) },
    "infra/compose/up.sh": {
      passwords: `passwords="MARIADB_ROOT_PASSWORD ${owners.map(composePassword).join(" ")}"\n`,
    },
    "infra/images/operator.Dockerfile": { services: operatorFilters(owners) },
    "README.md": { processes: processTable(rows) },
    "contracts/db/db.v2.md": { owners: ownerTable(rows) },
    "runbooks/sizing-and-scaling.md": { ports: portTable(rows) },
  };
  return Object.entries(regions).map(([file, named]) => {
    let text = readFileSync(path.join(root, file), "utf8");
    for (const [name, region] of Object.entries(named)) text = withRegion(file, text, name, region);
    return [file, text];
  });
}

/** @throws Error when the region is not there */
function withRegion(file: string, text: string, name: string, region: string): string {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => line.includes(`processes: begin ${name}`));
  const to = lines.findIndex((line) => line.includes(`processes: end ${name}`));
  if (from < 0 || to < from)
    throw new Error(`${file} has no region "processes: begin ${name}" … "processes: end ${name}"`);
  const margin = (lines[from] as string).search(/\S/);
  return [...lines.slice(0, from + 1), indent(margin, region).trimEnd(), ...lines.slice(to)].join("\n");
}

function secretComment(owners: readonly DatabaseRow[]): string {
  return `#   ${owners.map(databaseSecretKey).join(", ")}: mysql://user:password@host:3306/database\n`;
}

function localSecretComment(owners: readonly DatabaseRow[]): string {
  const lines = owners.map(
    (row) =>
      `#   ${databasePasswordKey(row)}, and ${databaseSecretKey(row)}: mysql://${row.database.user}:…@mariadb:3306/${row.database.prefix}_local\n`,
  );
  return lines.join("");
}

function imagesYaml(rows: readonly ServiceRow[], version: string): string {
  return [...rows.map(({ name }) => name), "ingress"]
    .map((name) => `- name: muster/${name}\n  newName: registry.example/muster/${name}\n  newTag: ${version}\n`)
    .join("");
}

function makeLines(owners: readonly DatabaseRow[]): string {
  return owners.map((row) => `make ${row.database.prefix} ${row.database.user} "$${composePassword(row)}"\n`).join("");
}

/** What an image needs of whose tables its tools read. */
function operatorFilters(owners: readonly DatabaseRow[]): string {
  return `ENV SERVICES="${owners.map(({ name }) => `--filter-prod @muster/${name}...`).join(" ")}"\n`;
}
