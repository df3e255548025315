// Matches under load while processes crash, stop, leave or are full. Every match must continue, nobody may wait for long, no
// applied input may be lost, and the result must equal that of an uninterrupted simulation of the whole log.
//
//   node src/survival.ts [--scenario shard-killed] [--matches 300] [--seed 1]     all scenarios: --scenario all
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { drill, SCENARIOS } from "./scenarios.ts";
import { percentile } from "@muster/testkit/numbers";

const { values } = programOptions({
  options: {
    scenario: { type: "string", default: "shard-killed" },
    matches: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
  },
});
const names = values.scenario === "all" ? Object.keys(SCENARIOS) : [values.scenario];
const unknown = names.find((name) => !(name in SCENARIOS));
if (unknown !== undefined)
  refuseOptions(`unknown scenario ${unknown}; available: ${Object.keys(SCENARIOS).join(", ")}, or all`);
for (const name of names) {
  const report = await drill(name, {
    matches: Number(values.matches),
    seed: Number(values.seed),
    progress: (line) => console.log(`  ${line}`),
  });
  const { proof, pausesMs, hit } = report;
  const at = (share: number): string => (percentile(pausesMs, share) ?? 0).toFixed(0);
  console.log(
    `${name}: ${report.matches} matches, ${hit} players hit; pause p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; ` +
      `${proof.compared} states compared, epochs ${JSON.stringify(proof.epochs)}, largest replay ${proof.replayBytesMax} bytes, ` +
      `${proof.problems.length} problems`,
  );
  for (const problem of proof.problems.slice(0, 20)) console.log(`  PROBLEM ${problem}`);
  for (const line of report.errors.slice(0, 10)) console.log(`  LOGGED ${line.slice(0, 400)}`);
  if (proof.problems.length > 0) process.exitCode = 1;
}
process.exit();
