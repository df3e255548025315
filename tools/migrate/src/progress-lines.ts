/** A line per table and second, and at the end the rate: what a person watching wants to know. */
export function progressLines(): {
  report: (table: string, rows: number, state: string) => void;
  done: () => void;
} {
  const startedAt = performance.now();
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  const shown = new Map<string, { at: number; state: string }>();
  return {
    report(table, rows, state) {
      if (!first.has(table)) first.set(table, rows);
      last.set(table, rows);
      const before = shown.get(table);
      const now = performance.now();
      if (before && before.state === state && now - before.at < 1000) return;
      shown.set(table, { at: now, state });
      console.log(`${table.padEnd(14)} ${String(rows).padStart(10)} rows  ${state}`);
    },
    done() {
      const rows = [...last.values()].reduce((a, b) => a + b, 0);
      const seconds = (performance.now() - startedAt) / 1000;
      console.log(`${rows} rows in all; this run took ${seconds.toFixed(1)} s`);
    },
  };
}
