// infra/services.ts against what the processes say of themselves, their config.ts. Manifests and network policies are generated from the
// table and checked by it, so neither can show that a row is wrong.
import {
  adminPortVariable,
  clashOf,
  KAFKA_SETTINGS,
  kafkaVariable,
  portVariable,
  SERVICES as TABLE,
  type ServiceRow,
} from "@muster/local";
import { describe, expect, it } from "vitest";
import { SERVICES } from "./services.ts";

interface Field {
  readonly default?: unknown;
  readonly secret?: boolean;
}

/** Callee by caller, without a variable: the matchmaker tells a gateway at which shard a match is. */
const TOLD_WHILE_RUNNING: Readonly<Record<string, readonly string[]>> = { "realtime-gateway": ["shard"] };
/** Addresses of what is no process of ours, or of none in particular. */
const NO_CALLS: ReadonlySet<string> = new Set(["EDGE_LEGACY_URL", "EDGE_HEALTH_URLS"]);

function fieldsOf({ name }: ServiceRow): Readonly<Record<string, Field>> {
  return (SERVICES[name] as { readonly fields: Readonly<Record<string, Field>> }).fields;
}

/** By callee, as the names of the variables say: CHAT_MATCH_URL is chat-service's address of the process with the prefix MATCH. */
function callsOf(row: ServiceRow): Record<string, string | undefined> {
  const variables = Object.keys(fieldsOf(row)).filter(
    (name) => /_URLS?$/.test(name) && !name.endsWith("_DB_URL") && !NO_CALLS.has(name),
  );
  const calls = variables.map((variable) => {
    const callee = TABLE.find(({ prefix }) => new RegExp(`^${row.prefix}_${prefix}_URLS?$`).test(variable));
    return [callee?.name ?? `nobody that ${variable} names`, variable] as const;
  });
  const told = (TOLD_WHILE_RUNNING[row.name] ?? []).map((callee) => [callee, undefined] as const);
  return Object.fromEntries<string | undefined>([...calls, ...told]);
}

describe.each(TABLE.map((row) => ({ ...row, row })))("the row of $name", ({ row, prefix }) => {
  const fields = fieldsOf(row);

  it("has the calls that its configuration has addresses for, and no others", () => {
    expect(row.calls).toStrictEqual(callsOf(row));
  });

  it("has the secrets that its configuration asks for, and no others", () => {
    const secrets = Object.keys(fields).filter((name) => fields[name]?.secret && name.startsWith(`${prefix}_`));
    const kafka = row.kafka ? [kafkaVariable(row, "SASL_PASSWORD")] : [];
    const given = (row.secrets ?? []).map((secret) => `${prefix}_${secret}`);
    expect([...given, ...kafka].toSorted()).toEqual(secrets.toSorted());
  });

  it("uses Kafka exactly where its configuration does", () => {
    const used = Object.keys(fields).filter((name) => name.startsWith(`${prefix}_KAFKA_`));
    const given = row.kafka ? KAFKA_SETTINGS.map((setting) => kafkaVariable(row, setting)) : [];
    expect(used.toSorted()).toEqual(given.toSorted());
  });

  it("has a database, the ingress before it and the health of the others exactly where its configuration does", () => {
    expect(row.database !== undefined).toBe(`${prefix}_DB_URL` in fields);
    expect(row.behindIngress === true).toBe(`${prefix}_TRUSTED_PROXIES` in fields);
    expect(row.healthUrls).toBe(`${prefix}_HEALTH_URLS` in fields ? `${prefix}_HEALTH_URLS` : undefined);
  });

  it("has the ports that it listens on when it is told no others, as in a cluster", () => {
    expect(fields[portVariable(row)]?.default).toBe(row.port);
    expect(fields[adminPortVariable(row)]?.default).toBe(row.port + 1);
  });
});

describe("two rows", () => {
  it("have no name, prefix, database or port in common", () => {
    expect(TABLE.flatMap((row) => clashOf(row) ?? [])).toEqual([]);
    const all = TABLE.flatMap(({ name, port }) => [name, port, port + 1]);
    expect(all).toHaveLength(new Set(all).size);
  });

  it.each([
    [
      "MATCH_HISTORY",
      "match_history",
      "its variables would begin with MATCH_HISTORY_, and those of match-service begin with MATCH_",
    ],
    ["EDGE", "edge", "its variables would begin with EDGE_, and those of edge-api begin with EDGE_"],
    [
      "HISTORY",
      "match_history",
      "its databases would be named match_history_…, and those of match-service are match_…",
    ],
    ["MATCHES", "matches", "the database user matches is that of match-service"],
    ["LOG", "log", "variables that begin with LOG_ are not its own: LOG_ is taken"],
    ["ROOT", "root", "the database user root is the server's own"],
    ...["COMPOSE", "KUBERNETES", "MARIADB", "MYSQL", "NPM", "PNPM"].map((prefix): [string, string, string] => [
      prefix,
      prefix.toLowerCase(),
      `variables that begin with ${prefix}_ are not its own: ${prefix}_ is taken`,
    ]),
    ["RANKING", "ranking", undefined],
  ])("%s and the database %s_… beside the others: %s", (prefix, database, clash) => {
    expect(clashOf({ name: "new-service", prefix, database: { prefix: database, user: database } })).toBe(clash);
  });
});
