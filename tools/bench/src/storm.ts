// How a storm of connections affects players in matches: the same matches are measured alternately in calm conditions and
// while thousands of clients connect to their gateway. Gateway and shard share one core; all clients use the other.
//
//   node src/storm.ts [--per-s 2500, 0: as many as possible] [--matches 300] [--seconds 4] [--rounds 3]
import { programOptions } from "@muster/testkit/program-options";
import { measureMuster, type MusterMeasured } from "./muster.ts";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    "per-s": { type: "string", default: "2500" },
    matches: { type: "string", default: "300" },
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
  },
});
const work = { matches: Number(values.matches), seconds: Number(values.seconds) };
const calm: MusterMeasured[] = [];
const storm: MusterMeasured[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
  console.log(`round ${round}`);
  calm.push(await measureMuster(work));
  storm.push(await measureMuster({ ...work, stormPerS: Number(values["per-s"]) }));
}
console.log("\n        connections/s   tick lateness p99, ms   input to ack p99, ms   snapshots/s each");
for (const [name, all] of [
  ["calm", calm],
  ["storm", storm],
] as const) {
  const figure = (pick: (one: MusterMeasured) => number | undefined, digits: number): string =>
    median(all.map(pick))?.toFixed(digits) ?? "-";
  console.log(
    `${name.padEnd(6)} ${figure((one) => one.stormedPerS, 0).padStart(14)} ${figure((one) => one.tickLateMsP99, 2).padStart(23)}` +
      ` ${figure((one) => one.inputToAckMsP99, 1).padStart(22)} ${figure((one) => one.snapshotsPerS, 1).padStart(18)}`,
  );
}
process.exit();
