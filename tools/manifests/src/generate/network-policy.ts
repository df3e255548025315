// Who reaches a process, and whom it reaches: the calls of the table, health, its database, and names.
import { adminPort, callersOf, type ServiceRow } from "@muster/local";
import { KAFKA_PORT, MARIADB_PORT } from "./yaml.ts";

const MONITORING = `        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: monitoring
`;

/** An OpenTelemetry collector, for installations that have one there: runbooks/traces.md. */
const COLLECTOR = `    - to:
${MONITORING}      ports:
        - port: 4318
`;

const DNS = `    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
        # NodeLocal DNSCache listens on the node at this address.
        - ipBlock:
            cidr: 169.254.20.10/32
      ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
`;

export function networkPolicy(row: ServiceRow, rows: readonly ServiceRow[]): string {
  const callers = [...(row.behindIngress ? ["ingress"] : []), ...callersOf(row, rows).map(({ name }) => name)];
  const askers = rows.filter((one) => one.healthUrls !== undefined && one !== row).map(({ name }) => name);
  return `# Allows only the calls of the architecture, and Prometheus.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${row.name}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: ${row.name}
  policyTypes: [Ingress, Egress]
  ingress:
${waysIn(row, callers)}    - from:
${askers.map(peer).join("")}${MONITORING}      ports:
        - port: ${adminPort(row)}
  egress:
${waysOut(row, rows)}${row.database ? toPort(MARIADB_PORT) : ""}${row.kafka ? toPort(KAFKA_PORT) : ""}${COLLECTOR}${DNS}`;
}

/** Of a server that may be anywhere. */
function toPort(port: number): string {
  return `    - ports:\n        - port: ${port}\n`;
}

/** A rule without anybody in it would let everybody in. */
function waysIn(row: ServiceRow, callers: readonly string[]): string {
  if (callers.length === 0) return "";
  const refusals = row.hearsRefusals ? `        - port: ${row.port}\n          protocol: UDP\n` : "";
  return `    - from:\n${callers.map(peer).join("")}      ports:\n        - port: ${row.port}\n${refusals}`;
}

function waysOut(row: ServiceRow, rows: readonly ServiceRow[]): string {
  const reached = rows.filter((one) => one.name in row.calls || (row.healthUrls !== undefined && one !== row));
  return reached
    .map((one) => {
      const ports = [
        ...(one.name in row.calls ? [one.port] : []),
        ...(row.healthUrls === undefined ? [] : [adminPort(one)]),
      ];
      return `    - to:\n${peer(one.name)}      ports:\n${ports.map((port) => `        - port: ${port}\n`).join("")}`;
    })
    .join("");
}

function peer(name: string): string {
  return `        - podSelector:
            matchLabels:
              app.kubernetes.io/name: ${name}
`;
}
