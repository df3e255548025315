export interface Measured {
  readonly name: string;
  readonly players: number;
  /** Server CPU, all its processes, per player and tick: one input in, one snapshot out. Microseconds. */
  readonly cpuUsPerPlayerTick: number;
  /** Snapshots that arrived per player and second. */
  readonly snapshotsPerS: number;
  /** Payload bytes per snapshot, without WebSocket headers. */
  readonly bytesPerSnapshot: number | undefined;
  readonly tickLateMsP99: number | undefined;
  /** From sending an input to the snapshot that acknowledges it. */
  readonly inputToAckMsP99: number | undefined;
  readonly residentMib: number;
  /** CPU of the load generator, in percent of its core. */
  readonly loadCpuPercent: number;
}

/** Above it the load generator reads and answers late itself, and the row's times say nothing of the server. */
const LOAD_CPU_PERCENT_MAX = 80;
/** Above it what is late is late because the servers' core is full. */
const SERVER_CPU_PERCENT_MAX = 90;
const TICK_RATE = 30;

/** The median of each figure per name, in order of appearance, and CPU as a ratio to the raw floor and to Colyseus of the same run. */
export function printTable(results: readonly Measured[]): void {
  const byName = Map.groupBy(results, (result) => result.name);
  const colyseus = median((byName.get("Colyseus 0.18 on uWS") ?? []).map((result) => result.cpuUsPerPlayerTick));
  const floor = median((byName.get("raw uWebSockets.js") ?? []).map((result) => result.cpuUsPerPlayerTick));
  const rows = [...byName].map(([name, all]) => {
    const figure = (pick: (result: Measured) => number | undefined, digits = 1): string =>
      median(all.map(pick))?.toFixed(digits) ?? "-";
    const cpu = median(all.map((result) => result.cpuUsPerPlayerTick)) as number;
    return [
      name,
      String(all[0]?.players),
      cpu.toFixed(2),
      floor === undefined ? "-" : (cpu / floor).toFixed(2),
      colyseus === undefined ? "-" : (cpu / colyseus).toFixed(2),
      figure((r) => r.snapshotsPerS),
      figure((r) => r.bytesPerSnapshot),
      figure((r) => r.tickLateMsP99, 2),
      figure((r) => r.inputToAckMsP99),
      figure((r) => r.residentMib, 0),
      figure(serverCpuPercent, 0),
      figure((r) => r.loadCpuPercent, 0),
    ];
  });
  const head = [
    "",
    "players",
    "µs CPU/player/tick",
    "× raw",
    "× Colyseus",
    "snapshots/s",
    "bytes",
    "late p99 ms",
    "ack p99 ms",
    "RSS MiB",
    "server CPU %",
    "load CPU %",
  ];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ");
  console.log(`\n${line(head)}\n${rows.map(line).join("\n")}`);
  for (const [name, all] of byName) for (const limit of limitsOf(all)) console.log(`LIMIT ${name}: ${limit}`);
}

/** Of its one core: all its processes. */
function serverCpuPercent({ cpuUsPerPlayerTick, players }: Measured): number {
  return (cpuUsPerPlayerTick * players * TICK_RATE) / 1e4;
}

/** Who was at its limit in any of the rounds: the load generator, or the servers' core. */
function limitsOf(rounds: readonly Measured[]): string[] {
  const load = Math.max(...rounds.map((round) => round.loadCpuPercent));
  const server = Math.max(...rounds.map(serverCpuPercent));
  return [
    ...(load > LOAD_CPU_PERCENT_MAX
      ? [`the load generator used ${load.toFixed(0)} % of its core: these times include its own delays`]
      : []),
    ...(server > SERVER_CPU_PERCENT_MAX
      ? [`the servers used ${server.toFixed(0)} % of their core: they are at their limit`]
      : []),
  ];
}

export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
