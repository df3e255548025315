// Checks whether a change made a tick more expensive, in the shard (tick.ts) or in the gateway (relay.ts). Base and head run
// alternately on the same machine, each from its own checkout, and the pairs are compared, so that disturbances affect both.
//
//   node src/guard.ts [--base origin/main] [--head HEAD] [--rounds 9] [--limit 1.10] [--plant PERCENT]
//
// --plant: slows head down by about this much, to verify that the guard fails. Exit code 1: above the limit.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import { paths } from "@muster/local";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    base: { type: "string", default: "origin/main" },
    head: { type: "string", default: "HEAD" },
    rounds: { type: "string", default: "9" },
    limit: { type: "string", default: "1.10" },
    plant: { type: "string" },
  },
});
const folder = mkdtempSync(path.join(os.tmpdir(), "muster-guard-"));
const git = (...args: string[]): string => execFileSync("git", args, { cwd: paths.root, encoding: "utf8" }).trim();
const CORE = "0";

interface Bench {
  readonly name: string;
  readonly args: readonly string[];
  /** Where a slowdown can be planted: before this line, and of how many iterations per percent it is made. */
  readonly plant: { readonly file: string; readonly before: string; readonly perPercent: number };
}

const BENCHES: readonly Bench[] = [
  {
    name: "shard",
    args: ["src/tick.ts", "--json", "--matches", "300", "--ticks", "400", "--rounds", "3"],
    plant: {
      file: "services/shard/src/tick/ticking-match.ts",
      before: "      this.#applyInputs();\n",
      perPercent: 2.3,
    },
  },
  {
    name: "gateway",
    args: ["src/relay.ts", "--json", "--matches", "300", "--ticks", "400", "--rounds", "3"],
    plant: {
      file: "services/realtime-gateway/src/matches/followed-match.ts",
      before: "    const recordAt = from + LINK_TICK_HEADER_BYTES;\n",
      perPercent: 0.9,
    },
  },
];

try {
  const [base, head] = [checkout("base", values.base), checkout("head", values.head)];
  for (const bench of BENCHES) {
    if (values.plant !== undefined) plant(bench, head, Number(values.plant));
    if (!compare(bench, base, head)) process.exitCode = 1;
  }
} finally {
  for (const name of ["base", "head"])
    spawnSync("git", ["worktree", "remove", "--force", path.join(folder, name)], { cwd: paths.root });
  rmSync(folder, { recursive: true, force: true });
}

/** @returns false if head is too expensive */
function compare(bench: Bench, base: string, head: string): boolean {
  if (!existsSync(path.join(base, "tools/bench", bench.args[0] as string))) {
    console.log(`${bench.name}: NOT COMPARED: ${values.base} has no ${bench.args[0]}`);
    return true;
  }
  const ratios: number[] = [];
  for (let round = 1; round <= Number(values.rounds); round++) {
    // A B, then B A: neither has the advantage of running second.
    const order = round % 2 === 0 ? [head, base] : [base, head];
    const us = new Map(order.map((one) => [one, measure(bench, one)]));
    ratios.push((us.get(head) as number) / (us.get(base) as number));
    console.log(
      `${bench.name}, round ${round}: base ${us.get(base)?.toFixed(3)} µs, head ${us.get(head)?.toFixed(3)} µs, ratio ${ratios.at(-1)?.toFixed(3)}`,
    );
  }
  const ratio = median(ratios) as number;
  const isTooExpensive = ratio > Number(values.limit);
  console.log(
    `${bench.name}: head costs ${ratio.toFixed(3)} times as much as base (median of ${ratios.length} pairs): ${isTooExpensive ? "FAILED" : "passed"}`,
  );
  return !isTooExpensive;
}

function checkout(name: string, revision: string): string {
  const target = path.join(folder, name);
  git("worktree", "add", "--quiet", "--detach", target, git("rev-parse", revision));
  const install = spawnSync("pnpm", ["install", "--frozen-lockfile", "--prefer-offline"], {
    cwd: target,
    encoding: "utf8",
  });
  if (install.status !== 0) throw new Error(`${name}: pnpm install failed:\n${install.stdout}${install.stderr}`);
  return target;
}

function measure(bench: Bench, target: string): number {
  const cwd = path.join(target, "tools/bench");
  const run = spawnSync("taskset", ["-c", CORE, paths.node, ...bench.args], { cwd, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`the benchmark of ${target} failed:\n${run.stderr}`);
  return (JSON.parse(run.stdout) as { us: number }).us;
}

function plant({ plant: { file, before, perPercent } }: Bench, target: string, percent: number): void {
  const planted = path.join(target, file);
  const source = readFileSync(planted, "utf8");
  if (!source.includes(before)) throw new Error(`no line in ${file} to insert a slowdown before`);
  const turns = Math.round(percent * perPercent);
  const loop = `    for (let i = 0; i < ${turns}; i++) planted = (planted * 31 + i) | 0;\n`;
  writeFileSync(planted, `${source.replace(before, loop + before)}\nexport let planted = 1;\n`);
}
