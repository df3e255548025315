// What a process is told by its environment, in a cluster and in compose.
import {
  adminPort,
  callVariables,
  databaseVariable,
  deploymentOf,
  KAFKA_SETTINGS,
  kafkaVariable,
  secretVariable,
  type ServiceRow,
} from "@muster/local";

/** What stands under `containers[].env`. */
export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly secretKey?: string;
  /** Not set where the secret has no such key. */
  readonly optional?: boolean;
}

/** Key in the secret `muster` of a shared key (`LINK_KEY`), or of a variable. */
export function secretKey(variable: string): string {
  return variable.toLowerCase().replaceAll("_", "-");
}

export function databaseSecretKey(row: ServiceRow): string {
  return secretKey(databaseVariable(row));
}

/** Where the database is in the cluster and its users are made there. */
export function databasePasswordKey({ prefix }: ServiceRow): string {
  return secretKey(`${prefix}_DB_PASSWORD`);
}

/** Headless, so that it leads to each instance: its own Service, or a second one where that has a virtual address. */
export function instancesHost(row: ServiceRow): string {
  return row.behindIngress && row.healthUrls === undefined ? `${row.name}-instances` : row.name;
}

/** The address of each one's `/statusz`, or of its admin port. */
export function adminUrlsOf(rows: readonly ServiceRow[], hostOf: (row: ServiceRow) => string, path = ""): string {
  return JSON.stringify(
    Object.fromEntries(rows.map((row) => [row.name, `http://${hostOf(row)}:${adminPort(row)}${path}`])),
  );
}

/** In compose and in a cluster alike; a host name is that of the service. */
export function plainVariables(
  row: ServiceRow,
  rows: readonly ServiceRow[],
  where: {
    readonly settings: "kubernetes" | "compose";
    readonly stopWithinMs: number;
    readonly hostOf: (row: ServiceRow) => string;
  },
): Record<string, string> {
  const others = rows.filter((one) => one !== row);
  return {
    [`${row.prefix}_HOST`]: "0.0.0.0",
    ...callVariables(row, (callee) => `http://${callee.name}:${callee.port}`, rows),
    ...row.settings?.all,
    ...(row.healthUrls ? { [row.healthUrls]: adminUrlsOf(others, where.hostOf, "/statusz") } : {}),
    ...row.settings?.[where.settings],
    [`${row.prefix}_STOP_WITHIN_MS`]: String(where.stopWithinMs),
  };
}

export function environmentOf(row: ServiceRow, rows: readonly ServiceRow[]): Variable[] {
  const { stopWithinMs } = deploymentOf(row);
  const plain = plainVariables(row, rows, { settings: "kubernetes", stopWithinMs, hostOf: instancesHost });
  return [
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
    ...(row.database ? [{ name: databaseVariable(row), secretKey: databaseSecretKey(row) }] : []),
    ...kafkaSecrets(row),
    ...secretVariables(row),
  ];
}

/** Without brokers there is no Kafka, and without the others it wants no TLS and no password. */
function kafkaSecrets(row: ServiceRow): Variable[] {
  return row.kafka ? kafkaVariablesOf((setting) => kafkaVariable(row, setting)) : [];
}

export function kafkaVariablesOf(nameOf: (setting: (typeof KAFKA_SETTINGS)[number]) => string): Variable[] {
  return KAFKA_SETTINGS.map((setting) => ({
    name: nameOf(setting),
    secretKey: secretKey(`KAFKA_${setting}`),
    optional: true,
  }));
}

export function secretVariables(row: ServiceRow): Variable[] {
  return (row.secrets ?? []).map((secret) => ({ name: secretVariable(row, secret), secretKey: secretKey(secret) }));
}

export function environmentYaml(variables: readonly Variable[]): string {
  return variables.map(variableYaml).join("");
}

function variableYaml({ name, value, secretKey: key, optional }: Variable): string {
  if (key === undefined) {
    const text = value ?? "";
    return `- name: ${name}\n  value: ${text.includes('"') ? `'${text}'` : `"${text}"`}\n`;
  }
  return `- name: ${name}
  valueFrom:
    secretKeyRef:
      name: muster
      key: ${key}
${optional ? "      optional: true\n" : ""}`;
}
