// Kafka is killed (-9) while matches end, and started again. Players must notice nothing, /healthz must say degraded with 200, the outbox
// must grow and drain in order, and every result must be rated once. What was seen: runbooks/v2.1-dlq-and-lag-ops.md.
//
//   node src/broker-outage.ts [--pairs 8] [--rounds 5]
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { drillBrokerOutage } from "./broker-outage-load.ts";

const { values } = programOptions({
  options: { pairs: { type: "string", default: "8" }, rounds: { type: "string", default: "5" } },
});
const [pairs, rounds] = [Number(values.pairs), Number(values.rounds)];
if (!Number.isInteger(pairs) || !Number.isInteger(rounds) || pairs < 1 || rounds < 1)
  refuseOptions("--pairs and --rounds are whole numbers from 1");
const report = await drillBrokerOutage({ pairs, rounds, progress: (text) => console.log(text) });
console.log(JSON.stringify(report, undefined, 2));
process.exitCode = report.problems.length === 0 ? 0 : 1;
