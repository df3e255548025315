// Whatever a document names must exist: files and folders, links and their headings, the commands of the root's package.json, and lines of logs.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const SOURCE = /^[\w@][\w.@-]*(?:\/[\w.@-]+)*\.(?:ts|sh|py|proto|sql|ya?ml|md)$/;
const FOLDER = /^(?:contracts|design|infra|packages|patches|runbooks|scripts|services|tools)\/[\w./-]*$/;
/** The examples of the README and of the how-to pages, which `pnpm new:game` and `pnpm new:service` create. */
const EXAMPLE = /\b(?:race|gather|notes)\b|game-NAME|^play\.ts$/;
/** What may write lines of logs. */
const LOGS = /^(?:packages|services)\/[^/]+\/src\/(?!.*\.test\.ts$).*\.ts$/;
/** Behind the name of whatever it is: retryForever of packages/runtime. */
const RETRIED = " failed, trying again";
/** pnpm's own commands in our documents. */
const PNPM_COMMANDS: ReadonlySet<string> = new Set(["exec", "install"]);

/** @returns a line for everything that a document names and that does not exist */
export function referenceProblems(
  files: readonly string[],
  read: (file: string) => string = (file) => readFileSync(file, "utf8"),
): string[] {
  const documents = files.filter((file) => file.endsWith(".md"));
  const tails = new Set(files.flatMap(tailsOf));
  const scripts = files.includes("package.json") ? scriptsOf(read("package.json")) : undefined;
  const code = files
    .filter((file) => LOGS.test(file))
    .map(read)
    .join("\n");
  return documents.flatMap((file) => {
    const text = read(file);
    const problems = [
      ...unknownFiles(file, text, tails),
      ...unknownHeadings(file, text, read),
      ...unknownLogLines(file, text, code),
    ];
    return scripts ? [...problems, ...unknownScripts(file, text, scripts)] : problems;
  });
}

/** Every part of a path that a document may use for it: `a/b/c.ts` is also `b/c.ts`, `c.ts`, `a/b` and `b`. */
function tailsOf(file: string): string[] {
  const parts = file.split("/");
  return parts.flatMap((_, from) =>
    parts.slice(from).map((__, count) => parts.slice(from, from + count + 1).join("/")),
  );
}

function unknownFiles(file: string, text: string, tails: ReadonlySet<string>): string[] {
  const words = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) =>
    (code as string).split(/[\s,]+/),
  );
  return [...new Set(words)]
    .filter((word) => (SOURCE.test(word) || FOLDER.test(word)) && !EXAMPLE.test(word))
    .map((word) => word.replace(/\/$/, ""))
    .filter((name) => !tails.has(name) && !tails.has(path.posix.join(path.posix.dirname(file), name)))
    .map((name) => `${file} names ${name}, which does not exist`);
}

function unknownHeadings(file: string, text: string, read: (file: string) => string): string[] {
  return [...withoutBlocks(text).matchAll(/\]\((?![a-z]+:)([^)#\s]*)#([^)\s]+)\)/g)].flatMap(([, link, heading]) => {
    const target = link === "" ? file : path.posix.join(path.posix.dirname(file), link as string);
    if (!target.endsWith(".md") || (target !== file && !existsSync(target))) return [];
    return headingsOf(target === file ? text : read(target)).has(heading as string)
      ? []
      : [`${file} links to ${link}#${heading}: ${target} has no such heading`];
  });
}

/** As GitHub names the anchors of headings. */
function headingsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(text).matchAll(/^#+ +(.+)$/gm)].map(([, heading]) => heading as string);
  return new Set(
    headings.map((heading) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .trim()
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function unknownScripts(file: string, text: string, scripts: ReadonlySet<string>): string[] {
  return [...text.matchAll(/(?:^|`)pnpm (?:-r )?([a-z][\w:-]*)/gm)]
    .map(([, name]) => name as string)
    .filter((name) => !scripts.has(name) && !PNPM_COMMANDS.has(name))
    .map((name) => `${file} types pnpm ${name}: package.json has no such script`);
}

/** Quoted in a table of symptoms, behind "log:". What stands before … begins the line. */
function unknownLogLines(file: string, text: string, code: string): string[] {
  const quoted = [...text.matchAll(/^\| log: ((?:`[^`\n]+`(?:, )?)+)/gm)].flatMap(([, lines]) => [
    ...(lines as string).matchAll(/`([^`]+)`/g),
  ]);
  return quoted
    .map(([, line]) => line as string)
    .filter(
      (line) => !code.includes(line.endsWith(RETRIED) ? `"${line.slice(0, -RETRIED.length)}"` : line.replace(/…$/, "")),
    )
    .map((line) => `${file} quotes a line of a log that nothing writes: ${line}`);
}

function scriptsOf(manifest: string): ReadonlySet<string> {
  const { scripts = {} } = JSON.parse(manifest) as { scripts?: Record<string, string> };
  return new Set([...Object.keys(scripts), "dev"]); // `pnpm -r dev`: each service has one
}

function withoutBlocks(text: string): string {
  return text.replaceAll(/```[\s\S]*?```/g, "");
}
