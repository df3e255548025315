// What a running system has built of the dependency table, as its metrics say.
import { dependencyRows, nameOf } from "@muster/resilience";
import type { System } from "./system.ts";

const SERIES = /^outgoing_clients\{([^}]*)\} [1-9]/gm;
const LABEL = /(\w+)="([^"]*)"/g;

interface Compared {
  /** Rows of these processes that nothing was built from, though nothing more had to happen for it. */
  readonly unused: readonly string[];
  /** What was built, and is in no row. */
  readonly unlisted: readonly string[];
}

/** `without`: callees that this system does not have. */
export async function comparedWithTable(system: System, without: readonly string[] = []): Promise<Compared> {
  // All services of a test are one process: each shows what all have built.
  const text = await (await fetch(`http://127.0.0.1:${system.env["EDGE_ADMIN_PORT"]}/metrics`)).text();
  const built = [...text.matchAll(SERIES)].map(([, labels = ""]) => {
    const { caller, callee, methods } = Object.fromEntries([...labels.matchAll(LABEL)].map(([, k, v]) => [k, v]));
    return nameOf({ caller: String(caller), callee: String(callee), methodClass: String(methods) });
  });
  const rows = dependencyRows().filter(({ callee }) => !without.includes(callee));
  const listed = new Set(rows.map(nameOf));
  return {
    unused: rows.filter((row) => row.builtWhen === undefined && !built.includes(nameOf(row))).map(nameOf),
    unlisted: built.filter((name) => !listed.has(name) && !name.startsWith("test →")),
  };
}
