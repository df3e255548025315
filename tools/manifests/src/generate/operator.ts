// What the operator's Pod is told and let out to.
import { adminPort, databaseServices, databaseVariable, type ServiceRow } from "@muster/local";
import {
  adminUrlsOf,
  databaseSecretKey,
  environmentYaml,
  instancesHost,
  kafkaVariablesOf,
  secretVariables,
} from "./variables.ts";

export function operatorEnvironment(rows: readonly ServiceRow[]): string {
  return environmentYaml([
    { name: "MUSTER_ADMIN_URLS", value: adminUrlsOf(rows, instancesHost) },
    ...databaseServices(rows).map((row) => ({ name: databaseVariable(row), secretKey: databaseSecretKey(row) })),
    ...kafkaVariablesOf((setting) => `MUSTER_KAFKA_${setting}`), // dead letters and topics
    ...databaseServices(rows).flatMap(secretVariables),
  ]);
}

/** Admin ports, and the API itself; those in the cluster who let it in, its database too. */
export function operatorPorts(rows: readonly ServiceRow[], more: readonly number[] = []): string {
  const api = rows.filter(({ hearsRefusals }) => hearsRefusals).map(({ port }) => port);
  const ports = [...rows.map(adminPort), ...api].toSorted((a, b) => a - b);
  return [...ports, ...more].map((port) => `- port: ${port}\n`).join("");
}
