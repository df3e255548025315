// Relays, consumers and producers of events are killed (-9) or stopped for longer than their leases, at steps that a seed chooses. Every
// event that was committed must have its effect once, in the order of its key, and nothing else may have any.
//
//   node src/event-crashes.ts [--seeds 100] [--first-seed 1] [--lanes 3]
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, provision, startKafka, startMariadb } from "@muster/local";
import { programOptions } from "@muster/testkit/program-options";
import { EventDrill, type EventCrashReport } from "./event-crashes-load.ts";

const { values } = programOptions({
  options: {
    seeds: { type: "string", default: "100" },
    "first-seed": { type: "string", default: "1" },
    /** Drills side by side, each with a database and topics of its own: most of a drill is waiting. */
    lanes: { type: "string", default: "3" },
  },
});
const first = Number(values["first-seed"]);
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => first + i);
const folder = mkdtempSync(path.join(os.tmpdir(), "muster-events-"));
const [mariadb, kafka] = await Promise.all([
  startMariadb({ dataDir: path.join(folder, "mariadb"), port: await freePort(), durable: false }),
  startKafka({ dataDir: path.join(folder, "kafka"), port: await freePort(), controllerPort: await freePort() }),
]);
const reports: EventCrashReport[] = [];
try {
  await Promise.all(Array.from({ length: Number(values.lanes) }, () => lane()));
} finally {
  await Promise.all([mariadb.stop(), kafka.stop()]);
  rmSync(folder, { recursive: true, force: true });
}
const bad = reports.filter(({ problems }) => problems.length > 0);
const crashes = reports.flatMap((report) => report.crashes);
for (const [what, of] of [...Map.groupBy(crashes, (text) => text.replace(/^(\w+)-\d/, "$1"))].toSorted(([a], [b]) =>
  a < b ? -1 : 1,
))
  console.log(`${String(of.length).padStart(5)} × ${what}`);
const duplicates = reports.reduce((sum, report) => sum + report.duplicates, 0);
console.log(
  `${reports.length} seeds, ${crashes.length} faults, ${duplicates} records came twice, ${bad.length} seeds failed`,
);
process.exit(bad.length === 0 && seeds.length === 0 ? 0 : 1);

async function lane(): Promise<void> {
  const id = randomBytes(4).toString("hex");
  const urls = await provision({
    adminUrl: mariadb.adminUrl,
    suffix: `drill_${id}`,
    passwordOf: (user) => `drill-${user}`,
  });
  const world = { databaseUrl: urls["match-service"], brokers: [kafka.broker], prefix: `drill-${id}.` };
  await using drill = await EventDrill.open(world);
  for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
    const report = await drill.run(seed);
    reports.push(report);
    const verdict = report.problems.length === 0 ? "ok" : `FAILED: ${report.problems.join("; ")}`;
    console.log(
      `seed ${seed}: ${report.crashes.join(", ")}: ${report.events} events so far, ${report.duplicates} twice: ${verdict}`,
    );
    if (report.problems.length > 0) return; // what comes after would only say it again
  }
}
