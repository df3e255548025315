// The processes in compose.yaml, and what the operator's container is told of them.
import {
  COMPOSE_STOP_WITHIN_MS,
  databaseServices,
  databaseVariable,
  deploymentOf,
  KAFKA_SETTINGS,
  kafkaVariable,
  secretVariable,
  type ServiceRow,
} from "@muster/local";
import { adminUrlsOf, plainVariables } from "./variables.ts";
import { indent } from "./yaml.ts";

export function composePassword({ prefix }: ServiceRow): string {
  return `${prefix}_DB_PASSWORD`;
}

/** Under `services:`. */
export function composeServices(rows: readonly ServiceRow[], version: string): string {
  return rows
    .map((row) => {
      const env = environment(row, rows);
      const { nodeArgs } = deploymentOf(row);
      const command = nodeArgs.length === 0 ? "" : `command: ${JSON.stringify([...nodeArgs, "src/main.ts"])}\n`;
      if (!row.database) return service(row, version, { name: row.name, extra: command, env });
      const migrate = service(row, version, {
        name: `${row.name}-migrate`,
        extra: "command: [src/migrate.ts]\nrestart: on-failure\n",
        env,
        after: "depends_on: { mariadb: { condition: service_healthy } }\n",
      });
      const after = `depends_on: { ${row.name}-migrate: { condition: service_completed_successfully } }\n`;
      return migrate + service(row, version, { name: row.name, extra: command, env, after });
    })
    .join("");
}

/** Under `environment:` of the operator's container. */
export function composeOperator(rows: readonly ServiceRow[]): string {
  const databases = databaseServices(rows);
  const kafka = kafkaLinesOf((setting) => `MUSTER_KAFKA_${setting}`);
  const lines = [...databases.map(databaseLine), ...kafka, ...databases.flatMap(secretLines)];
  return `MUSTER_ADMIN_URLS: '${adminUrlsOf(rows, ({ name }) => name)}'\n${lines.join("")}`;
}

/** Under `environment:` of MariaDB. */
export function composePasswords(rows: readonly ServiceRow[]): string {
  return databaseServices(rows)
    .map((row) => `${composePassword(row)}: "\${${composePassword(row)}:?}"\n`)
    .join("");
}

function service(
  { name: image }: ServiceRow,
  version: string,
  { name, extra, env, after = "" }: { name: string; extra: string; env: string; after?: string },
): string {
  return `${name}:
  <<: *service
  image: muster/${image}:${version}
  build: { context: ../.., dockerfile: infra/images/Dockerfile, args: { SERVICE: ${image} } }
${indent(2, extra)}  environment:
${indent(4, env)}${indent(2, after)}`;
}

function environment(row: ServiceRow, rows: readonly ServiceRow[]): string {
  const stopWithinMs = Math.min(deploymentOf(row).stopWithinMs, COMPOSE_STOP_WITHIN_MS);
  const plain = plainVariables(row, rows, { settings: "compose", stopWithinMs, hostOf: ({ name }) => name });
  const lines = Object.entries(plain).map(
    ([name, value]) => `${name}: ${value.includes('"') ? `'${value}'` : `"${value}"`}\n`,
  );
  return [...lines, ...databaseServices([row]).map(databaseLine), ...kafkaLines(row), ...secretLines(row)].join("");
}

/** Compose brings no Kafka: the shell names one that the containers reach. */
function kafkaLines(row: ServiceRow): string[] {
  return row.kafka ? kafkaLinesOf((setting) => kafkaVariable(row, setting)) : [];
}

function kafkaLinesOf(nameOf: (setting: (typeof KAFKA_SETTINGS)[number]) => string): string[] {
  return KAFKA_SETTINGS.map((setting) => `${nameOf(setting)}: "\${MUSTER_KAFKA_${setting}:-}"\n`);
}

function secretLines(row: ServiceRow): string[] {
  return (row.secrets ?? []).map((secret) => `${secretVariable(row, secret)}: "\${${secret}:?}"\n`);
}

function databaseLine(row: ReturnType<typeof databaseServices>[number]): string {
  const { prefix, user } = row.database;
  return `${databaseVariable(row)}: "mysql://${user}:\${${composePassword(row)}:?}@mariadb:3306/${prefix}_compose"\n`;
}
