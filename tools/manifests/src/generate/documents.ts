// The processes as tables in documents.
import { adminPort, callersOf, databaseServices, type ServiceRow } from "@muster/local";

/** Everything that an engineer sees first. */
export function processTable(rows: readonly ServiceRow[]): string {
  return table(
    ["process", "does"],
    rows.map(({ name, does }) => [`[${name}](services/${name}/README.md)`, does]),
  );
}

export function ownerTable(rows: readonly ServiceRow[]): string {
  const owners = databaseServices(rows);
  const others = rows.filter(({ database }) => database === undefined);
  return table(
    ["service", "prefix", "user"],
    [
      ...owners.map(({ name, database }) => [name, `\`${database.prefix}\``, `\`${database.user}\``]),
      [others.map(({ name }) => name).join(", "), "none", "none"],
    ],
  );
}

/** For a firewall between machines. */
export function portTable(rows: readonly ServiceRow[]): string {
  const byPort = rows.toSorted((a, b) => a.port - b.port);
  const callers = (row: ServiceRow): string[] => [
    ...(row.behindIngress ? ["the ingress"] : []),
    ...callersOf(row, rows).map(({ name }) => name),
  ];
  const [first, last] = [byPort[0] as ServiceRow, byPort.at(-1) as ServiceRow];
  return table(
    ["port (default)", "of", "from"],
    [
      ...byPort.map((row) => [String(row.port), row.name, callers(row).join(", ")]),
      [
        `each + 1: ${adminPort(first)} to ${adminPort(last)}`,
        "admin ports: health and metrics",
        [...rows.filter(({ healthUrls }) => healthUrls).map(({ name }) => name), "Prometheus", "operators"].join(", "),
      ],
      [
        "3306 (7290 locally)",
        "MariaDB",
        databaseServices(rows)
          .map(({ name }) => name)
          .join(", "),
      ],
      ...kafkaRow(rows),
    ],
  );
}

function kafkaRow(rows: readonly ServiceRow[]): string[][] {
  const clients = rows.filter(({ kafka }) => kafka).map(({ name }) => name);
  return clients.length === 0 ? [] : [["9092 (7292 locally)", "Kafka", clients.join(", ")]];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("");
}
