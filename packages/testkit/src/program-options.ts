// The options of programs that developers run: --help and wrong options print the usage, without a stack.
import { readFileSync } from "node:fs";
import { parseArgs, type ParseArgsConfig } from "node:util";

/**
 * As `parseArgs`. `--help` prints the usage and exits with code 0; a wrong option prints what is wrong, the usage, and exits with code 2.
 * @param usage by default the comment at the top of the program
 */
export function programOptions<T extends ParseArgsConfig>(
  config: T,
  usage = commentAtTopOf(process.argv[1] ?? ""),
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (err) {
    return refuseOptions((err as Error).message, usage);
  }
}

/** For values that are wrong: ends the process with code 2. */
export function refuseOptions(problem: string, usage = commentAtTopOf(process.argv[1] ?? "")): never {
  console.error(`${problem}\n\n${usage}`);
  process.exit(2);
}

function commentAtTopOf(file: string): string {
  const lines = readFileSync(file, "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^\/\/ ?/, ""))
    .join("\n");
}
