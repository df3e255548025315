// Runs attacks and prints what they cost honest players: see the README. Exit code 1 if an attack succeeds, 2 for wrong
// arguments.
import { parseArgs } from "node:util";
import { ATTACKS } from "./attacks/index.ts";
import { HonestProcess } from "./honest/process.ts";
import { type Outcome, runAttack } from "./run.ts";
import { tableOf } from "./table.ts";
import { startTarget } from "./target.ts";

const USAGE = `usage: pnpm exec node tools/attack/src/main.ts [--url http://host:port] [--only name,…] [--seconds 10]
attacks: ${ATTACKS.map(({ name }) => name).join(", ")}`;

const chosen = readArguments();
if (chosen) await run(chosen);
else {
  console.error(USAGE);
  process.exitCode = 2;
}

function readArguments(): { url: string | undefined; names: readonly string[]; seconds: number } | undefined {
  try {
    const { values } = parseArgs({
      options: { url: { type: "string" }, only: { type: "string" }, seconds: { type: "string", default: "10" } },
    });
    const names = values.only?.split(",") ?? ATTACKS.map(({ name }) => name);
    const seconds = Number(values.seconds);
    const known = names.every((name) => ATTACKS.some((attack) => attack.name === name));
    return known && seconds > 0 && seconds <= 600 ? { url: values.url, names, seconds } : undefined;
  } catch {
    return undefined;
  }
}

async function run({ url, names, seconds }: NonNullable<ReturnType<typeof readArguments>>): Promise<void> {
  const own = url === undefined ? await startTarget() : undefined;
  const target = own ?? { url: url as string };
  const outcomes: Outcome[] = [];
  try {
    await using honest = new HonestProcess(target.url);
    for (const attack of ATTACKS.filter(({ name }) => names.includes(name))) {
      console.log(`${attack.name}: ${attack.takes}`);
      const outcome = await runAttack(attack, { target, honest, seconds, calmSeconds: seconds });
      outcomes.push(outcome);
      console.log(`  ${JSON.stringify(outcome.counts)}`);
      for (const problem of outcome.problems) console.log(`  PROBLEM ${problem}`);
    }
  } finally {
    await own?.[Symbol.asyncDispose]();
  }
  console.log(`\n${tableOf(outcomes)}`);
  if (outcomes.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
