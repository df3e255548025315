// What a fault costs beyond what depends on it: nothing, and nothing after its end. The whole system plays and answers under load while one part
// of it fails; each drill ends with its figures and a verdict. runbooks/v2.3-chaos-drills.md says what each is about.
//
//   node src/cascade.ts [--drill identity-slow] [--per-s 60] [--pairs 4] [--fault-s 20] [--after-s 30] [--seed 1] [--markdown]     all of them: --drill all
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { runDrill } from "./cascade/drill.ts";
import { CASCADE_DRILLS } from "./cascade/drills.ts";
import { told, type Verdict } from "./cascade/verdict.ts";

const { values } = programOptions({
  options: {
    drill: { type: "string", default: "all" },
    "per-s": { type: "string", default: "60" },
    pairs: { type: "string", default: "4" },
    "before-s": { type: "string", default: "10" },
    "fault-s": { type: "string", default: "20" },
    "after-s": { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
    markdown: { type: "boolean", default: false },
  },
});
const chosen = CASCADE_DRILLS.filter(({ name }) => values.drill === "all" || name === values.drill);
if (chosen.length === 0)
  refuseOptions(
    `unknown drill ${values.drill}; available: ${CASCADE_DRILLS.map(({ name }) => name).join(", ")}, or all`,
  );

const WARM_UP_S = 5;
const verdicts: Verdict[] = [];
for (const drill of chosen) {
  const missing = drill.missing?.();
  if (missing) {
    console.log(`SKIPPED ${drill.name}: ${missing}`);
    continue;
  }
  const verdict = await runDrill(drill, {
    warmUpS: WARM_UP_S,
    perS: Number(values["per-s"]),
    pairs: Number(values.pairs),
    beforeS: Number(values["before-s"]),
    faultS: Number(values["fault-s"]),
    afterS: Number(values["after-s"]),
    seed: Number(values.seed),
    progress: (line) => console.log(line),
  });
  verdicts.push(verdict);
  console.log(`  ${verdict.figures.map(told).join(", ")}; answers ${JSON.stringify(verdict.statuses)}`);
  for (const problem of verdict.problems) console.log(`  PROBLEM ${problem}`);
}
if (values.markdown) console.log(table(verdicts));
process.exitCode = verdicts.every(({ problems }) => problems.length === 0) ? 0 : 1;

function table(all: readonly Verdict[]): string {
  const names = [...new Set(all.flatMap(({ figures }) => figures.map(({ name }) => name)))];
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const cell = ({ figures }: Verdict, name: string): string => {
    const figure = figures.find((one) => one.name === name);
    return figure ? told(figure).slice(name.length + 1) : "";
  };
  return [
    row(["drill", ...names, "verdict"]),
    row(["---", ...names.map(() => "---"), "---"]),
    ...all.map((one) =>
      row([
        one.drill,
        ...names.map((name) => cell(one, name)),
        one.problems.length === 0 ? "as it should" : one.problems.join("; "),
      ]),
    ),
  ].join("\n");
}
