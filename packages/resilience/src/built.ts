// What this process has built from the table, for its metrics: a test compares them with the table.
import { type Dependency, nameOf } from "./row.ts";

interface Built {
  readonly row: Dependency;
  clients: number;
}

const built = new Map<string, Built>();

/** Of whatever makes connections: called once for each client and row. */
export function noteBuilt(rows: Iterable<Dependency>): void {
  for (const row of rows) {
    const name = nameOf(row);
    const known = built.get(name);
    if (known) known.clients++;
    else built.set(name, { row, clients: 1 });
  }
}

export function builtClients(): readonly Readonly<Built>[] {
  return [...built.values()];
}
