// The commands of the runbooks, as a test finds them. In runbooks/*.md every block of commands says what becomes of it:
//
//   ```sh run                     it is executed, against a running local system
//   ```sh not-run: why            it is not, and why
//   ```text                       right after a block that is run: lines that it prints, in this order; … stands for anything
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { paths } from "@muster/local";

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly commands: string;
  /** Why it is not run. */
  readonly notRun: string | undefined;
  /** Lines that it prints. */
  readonly expected: readonly string[];
}

const FOLDER = path.join(paths.root, "runbooks");
/** Also inside a list. */
const FENCE = /^ *```(.*)$/;

export function runbookPages(): string[] {
  return readdirSync(FOLDER).filter((file) => file.endsWith(".md"));
}

export function textOfPage(page: string): string {
  return readFileSync(path.join(FOLDER, page), "utf8");
}

/** @throws Error for a block of commands that does not say what becomes of it */
export function blocksOf(page: string, text: string = textOfPage(page)): Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  /** The block that an expectation would belong to. */
  let latest: Block | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    const info = FENCE.exec(line)?.[1];
    if (info === undefined) {
      if (line.trim() !== "") latest = undefined;
      continue;
    }
    const end = lines.findIndex((one, index) => index > at && one.trim() === "```");
    if (end < 0) throw new Error(`${page}:${at + 1}: the block does not end`);
    const inside = lines.slice(at + 1, end);
    if (info === "text" && latest) {
      blocks[blocks.length - 1] = { ...latest, expected: inside.filter((one) => one.trim() !== "") };
      latest = undefined;
    } else if (/^(sh|bash|shell|sql|console)\b/.test(info) || info === "") {
      latest = { page, line: at + 1, commands: inside.join("\n"), notRun: whyNotRun(page, at + 1, info), expected: [] };
      blocks.push(latest);
    } else latest = undefined;
    at = end;
  }
  return blocks;
}

function whyNotRun(page: string, line: number, info: string): string | undefined {
  if (info === "sh run") return undefined;
  const why = /^sh not-run: (\S.{10,})$/.exec(info)?.[1];
  if (why === undefined)
    throw new Error(`${page}:${line}: "\`\`\`${info}" says neither "sh run" nor "sh not-run: WHY"`);
  return why;
}
