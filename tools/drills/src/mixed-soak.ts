// REST, matches, chat and consumers at once, with one random fault a minute. Afterwards nothing may have leaked, stuck or got lost: memory by a line
// through it, matches, tickets, connections, events, messages, and rows of tables.
//
//   node src/mixed-soak.ts [--minutes 60] [--settle-minutes 10] [--per-s 60] [--matches 4] [--chats 4] [--seed 1]
import { programOptions } from "@muster/testkit/program-options";
import { soak, told } from "./mixed-soak/soak.ts";

const { values } = programOptions({
  options: {
    minutes: { type: "string", default: "60" },
    "settle-minutes": { type: "string", default: "10" },
    "per-s": { type: "string", default: "60" },
    matches: { type: "string", default: "4" },
    chats: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
  },
});
const report = await soak({
  minutes: Number(values.minutes),
  settleMinutes: Number(values["settle-minutes"]),
  perS: Number(values["per-s"]),
  matchPairs: Number(values.matches),
  chatPairs: Number(values.chats),
  seed: Number(values.seed),
  progress: (line) => console.log(line),
});
const { requests, statuses, matches, messages, faults, slopes, problems } = report;
console.log(
  `${requests} requests ${JSON.stringify(statuses)}, ${matches} matches, ${messages} messages, ${faults.length} faults`,
);
for (const [process, slope] of slopes) console.log(`  ${process}: ${slope ? told(slope) : "too few samples"}`);
for (const problem of problems) console.log(`  PROBLEM ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
