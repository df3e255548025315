// Who may open a connection: only the packages that build clients from the dependency table (packages/resilience). A process of Muster that
// connected by itself would have no time limit, no bulkhead and no row.
import { readFileSync } from "node:fs";

/** Processes of Muster: what runs in players' programs, in a browser or in tests is none. */
const CHECKED = /^(?:packages|services)\/[^/]+\/src\/(?!.*(?:\.test|\.setup)\.tsx?$).*\.tsx?$/;
const NOT_OURS = /^(?:packages\/(?:client|testkit)|services\/web)\/|\/testing\.ts$/;
/** They take a row of the table for everything that they open. */
const BUILDERS: readonly string[] = [
  "packages/resilience/src/http.ts",
  "packages/rpc/",
  "packages/db/",
  "packages/events/src/broker/",
  "services/realtime-gateway/src/shards/shard-link.ts", // the link to a shard is the gateway's own protocol
];

/** Libraries whose only purpose it is. */
const CLIENTS =
  /^(?:mariadb|mysql2?|kafkajs|@platformatic\/kafka|undici|ws|axios|got|node-fetch|@connectrpc\/connect-(?:node|web))(?:\/|$)/;
/** Of modules that do other things too, what opens connections. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  "node:http": ["request", "get", "Agent", "ClientRequest"],
  "node:https": ["request", "get", "Agent"],
  "node:http2": ["connect"],
  "node:net": ["connect", "createConnection", "Socket"],
  "node:tls": ["connect", "TLSSocket"],
  "@connectrpc/connect": ["createClient", "createCallbackClient"],
  "@connectrpc/connect/protocol-grpc": ["createTransport"],
};
const IMPORT = /^(?:import|export)\s+(?!type\b)((?:[^;"'=]*?)\sfrom\s+)?"([^"]+)"/gm;
const DYNAMIC = /\b(?:import|require)\("([^"]+)"\)/g;
const GLOBALS: readonly (readonly [RegExp, string])[] = [
  [/(?<![.\w#$])(?:globalThis\.)?fetch\(/, "fetch"],
  [/\bnew (?:WebSocket|EventSource)\(/, "a socket of the browser's kind"],
];

/** `files`: from the project's root. */
export function outgoingCalls(
  files: readonly string[],
  read: (file: string) => string = (file) => readFileSync(file, "utf8"),
): string[] {
  return files
    .filter((file) => CHECKED.test(file) && !NOT_OURS.test(file) && !BUILDERS.some((one) => file.startsWith(one)))
    .flatMap((file) =>
      openersIn(read(file)).map((what) => `${file} connects by itself, with ${what}: build it from ${TABLE}`),
    );
}

const TABLE = "a row of packages/resilience/src/table.ts";

function openersIn(source: string): string[] {
  const found: string[] = [];
  for (const [, names = "", from = ""] of source.matchAll(IMPORT)) {
    if (CLIENTS.test(from) && !onlyTypes(names)) found.push(from);
    const openers = OPENERS[from];
    if (openers) found.push(...importedOf(names, openers).map((name) => `${name} of ${from}`));
  }
  for (const [, from = ""] of source.matchAll(DYNAMIC)) if (CLIENTS.test(from) || from in OPENERS) found.push(from);
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, "");
  for (const [pattern, what] of GLOBALS) if (pattern.test(code)) found.push(what);
  return found;
}

/** `{ type A, type B } from` */
function onlyTypes(names: string): boolean {
  const list = /^\{([^}]*)\}\s+from\s*$/.exec(names.trim())?.[1];
  return list !== undefined && list.split(",").every((name) => name.trim() === "" || /^type\s/.test(name.trim()));
}

/** A whole module, by whatever name, may open anything. */
function importedOf(names: string, openers: readonly string[]): string[] {
  const list = /\{([^}]*)\}/.exec(names)?.[1];
  if (list === undefined || /^\s*(?:\*|[\w$]+\s*,)/.test(names)) return ["everything"];
  const imported = list.split(",").map((name) => name.trim().split(/\s+as\s+/)[0] as string);
  return imported.filter((name) => openers.includes(name));
}
