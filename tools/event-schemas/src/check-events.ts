// node tools/event-schemas/src/check-events.ts GIT_REF, in the project's root: what in contracts/events breaks readers or writers of
// the events as they were at that commit. Part of scripts/contract-test.sh.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { incompatibilities } from "./compatibility.ts";

const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" });

const [ref, ...more] = process.argv.slice(2);
if (ref === undefined || more.length > 0) {
  console.error("usage: node tools/event-schemas/src/check-events.ts GIT_REF");
  process.exit(2);
}
const files = git("ls-tree", "-r", "--name-only", ref, "contracts/events/")
  .split("\n")
  .filter((file) => file.endsWith(".json"));
const problems = files.flatMap((file) => {
  if (!existsSync(file)) return [`${file} is gone`];
  const before: unknown = JSON.parse(git("show", `${ref}:${file}`));
  const after: unknown = JSON.parse(readFileSync(file, "utf8"));
  return incompatibilities(before, after).map((problem) => `${file}: ${problem}`);
});
for (const problem of problems) console.log(problem);
if (problems.length > 0)
  console.log(`events of ${ref} would break: add an optional property, or a new version beside it`);
process.exitCode = problems.length > 0 ? 1 : 0;
