// Hundreds of players queue at once, and join and leave at random, while match-service runs at a quarter of its speed. All
// must be matched, and no match may be left running that no shard holds.
//
//   node src/crowd.ts [--clients 300] [--run-share 0.25] [--churn-s 30]
import { programOptions } from "@muster/testkit/program-options";
import { drillCrowd } from "./crowd-load.ts";

const { values } = programOptions({
  options: {
    clients: { type: "string", default: "300" },
    "run-share": { type: "string", default: "0.25" },
    "churn-s": { type: "string", default: "30" },
  },
});
const clients = Number(values.clients);
const report = await drillCrowd({
  clients,
  runShare: Number(values["run-share"]),
  churnMs: Number(values["churn-s"]) * 1000,
  progress: (text) => console.log(text),
});
console.log(JSON.stringify(report, undefined, 2));
process.exitCode = report.matched === clients && report.unheld === 0 ? 0 : 1;
