// Did a change make a tick dearer? Base and head run in alternation on the same machine, each from a checkout of its own,
// and the pairs are compared: what the machine does meanwhile, it does to both.
//
//   node src/guard.ts [--base origin/main] [--head HEAD] [--rounds 9] [--limit 1.10] [--plant PERCENT]
//
// --plant: slows the head down by about so much, to see that the guard fires. Exit code 1: above the limit.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { paths } from "@muster/local";
import { median } from "./table.ts";

const { values } = parseArgs({
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
/** Of what a planted slowdown is made: iterations per percent of a tick. */
const PLANTED_PER_PERCENT = 2.3;

try {
  const [base, head] = [checkout("base", values.base), checkout("head", values.head)];
  if (values.plant !== undefined) plant(head, Number(values.plant));
  const ratios: number[] = [];
  for (let round = 1; round <= Number(values.rounds); round++) {
    // A B, then B A: whoever comes second has no advantage.
    const order = round % 2 === 0 ? [head, base] : [base, head];
    const us = new Map(order.map((one) => [one, measure(one)]));
    ratios.push((us.get(head) as number) / (us.get(base) as number));
    console.log(
      `round ${round}: base ${us.get(base)?.toFixed(3)} µs, head ${us.get(head)?.toFixed(3)} µs per match and tick, ratio ${ratios.at(-1)?.toFixed(3)}`,
    );
  }
  const ratio = median(ratios) as number;
  const dear = ratio > Number(values.limit);
  console.log(
    `head costs ${ratio.toFixed(3)} of base (median of ${ratios.length} pairs): ${dear ? "TOO MUCH" : "fine"}`,
  );
  process.exitCode = dear ? 1 : 0;
} finally {
  for (const name of ["base", "head"])
    spawnSync("git", ["worktree", "remove", "--force", path.join(folder, name)], { cwd: paths.root });
  rmSync(folder, { recursive: true, force: true });
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

function measure(target: string): number {
  const args = ["-c", CORE, paths.node, "src/tick.ts", "--json", "--matches", "300", "--ticks", "400", "--rounds", "3"];
  const run = spawnSync("taskset", args, { cwd: path.join(target, "tools/bench"), encoding: "utf8" });
  if (run.status !== 0) throw new Error(`the bench of ${target} failed:\n${run.stderr}`);
  return (JSON.parse(run.stdout) as { us: number }).us;
}

function plant(target: string, percent: number): void {
  const file = path.join(target, "services/shard/src/match.ts");
  const source = readFileSync(file, "utf8");
  const before = "      this.#applyInputs();\n";
  if (!source.includes(before)) throw new Error("nowhere to plant a slowdown");
  const loop = `      for (let i = 0; i < ${Math.round(percent * PLANTED_PER_PERCENT)}; i++) planted = (planted * 31 + i) | 0;\n`;
  writeFileSync(file, `${source.replace(before, loop + before)}\nexport let planted = 1;\n`);
}
