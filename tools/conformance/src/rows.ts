// The rows of STATE-MACHINE.md: each row of its tables, and each of its rules, which are its other paragraphs.
import { readFileSync } from "node:fs";

export interface Row {
  /** Of a table: its first cell. Of a rule: its first words, so that a rule that is written anew has another id. */
  readonly id: string;
  readonly text: string;
}

const FILE = new URL("../../../contracts/realtime/STATE-MACHINE.md", import.meta.url);
const RULE_WORDS = 7;

export function stateMachineRows(): Row[] {
  return rowsOf(readFileSync(FILE, "utf8"));
}

export function rowsOf(markdown: string): Row[] {
  const rows: Row[] = [];
  for (const section of markdown
    .replaceAll(/```[\s\S]*?```/g, "")
    .split(/^## /m)
    .slice(1)) {
    const [title = "", ...lines] = section.split("\n");
    const name = slug(title).split("-")[0] as string;
    for (const block of blocksOf(lines.join("\n")))
      rows.push(...(block.startsWith("|") ? tableRows(name, block) : [rule(name, block)]));
  }
  return rows;
}

/** Paragraphs, entries of lists, and tables. */
function blocksOf(text: string): string[] {
  const paragraphs = text.split(/\n\s*\n|\n(?=- )/);
  return paragraphs.map((one) => one.trim()).filter((one) => one !== "" && !one.startsWith("### "));
}

/** By the first cell of the table's header, and of the section for the tables of codes. */
const KINDS: Readonly<Record<string, string>> = {
  what: "limit",
  kind: "rate",
  "disconnects code": "close",
  "errors code": "error",
  "queue code": "paused",
};

function tableRows(section: string, table: string): Row[] {
  const [header = [], , ...rows] = table.split("\n").map((line) => line.split(" | ").map(plain));
  const first = slug(header[0] ?? "");
  const kind = KINDS[`${section} ${first}`] ?? KINDS[first] ?? first;
  return rows.map((cells) => ({ id: `${kind}/${slug(cells[0] ?? "")}`, text: cells.slice(1).join("; ") }));
}

function rule(section: string, block: string): Row {
  const text = plain(block);
  return { id: `${section}/${slug(text).split("-").slice(0, RULE_WORDS).join("-")}`, text };
}

function plain(text: string): string {
  return text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[`|]/g, "")
    .replaceAll(/\s+/g, " ")
    .replace(/^- /, "")
    .trim();
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}
