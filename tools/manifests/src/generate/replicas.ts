// How many of each, as a patch of an overlay.
import { deploymentOf, type ServiceRow } from "@muster/local";

/** Of what can be more than one; a name alone is a Deployment's. */
export function replicasYaml(rows: readonly (ServiceRow | string)[], count: (row: ServiceRow) => number): string {
  const documents = rows.flatMap((row) => {
    if (typeof row === "string") return [patch("Deployment", row, 1)];
    const { kind } = deploymentOf(row);
    return kind === "single" ? [] : [patch(kind === "stateful" ? "StatefulSet" : "Deployment", row.name, count(row))];
  });
  return documents.join("---\n");
}

function patch(kind: string, name: string, replicas: number): string {
  return `apiVersion: apps/v1
kind: ${kind}
metadata:
  name: ${name}
spec:
  replicas: ${replicas}
`;
}
