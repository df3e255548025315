// Words that design/glossary.md says we do not use, wherever they stand: another name for the same thing is looked for twice.
import { readFileSync } from "node:fs";

const GLOSSARY = "design/glossary.md";
/** Others' words, the table itself, and what reads it. */
const NOT_OURS =
  /^(design\/glossary\.md|scripts\/vocabulary[.\w]*|pnpm-lock\.yaml|contracts\/(gen|vendor)\/|LICENSE|.*\.(png|ico|woff2?)$)/;

/** Words of the last column of the glossary's table. */
export function bannedWords(glossary: string): string[] {
  const cells = [...glossary.matchAll(/^\|.*\|([^|]*)\|$/gm)].map(([, cell]) => cell as string);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word as string));
}

/** @returns a line for every file that uses a word, in its text or its name */
export function vocabularyProblems(
  files: readonly string[],
  read: (file: string) => string = (file) => readFileSync(file, "utf8"),
): string[] {
  if (!files.includes(GLOSSARY)) return []; // a tree that is not Muster's; that ours has one is a link of the overview
  const words = bannedWords(read(GLOSSARY));
  if (words.length === 0) return [`${GLOSSARY} has no words in its last column`];
  const pattern = new RegExp(`(?<![A-Za-z])(?:${words.map(spellings).join("|")})(?![a-z])`);
  return files
    .filter((file) => !NOT_OURS.test(file))
    .flatMap((file) => {
      const found = pattern.exec(file) ?? pattern.exec(read(file));
      return found ? [`${file} says "${found[0]}": ${GLOSSARY} has the word for it`] : [];
    });
}

/** `looking-on` is also `looking_on`, `lookingOn` and `LookingOn`; and any word may begin with a capital. */
function spellings(word: string): string {
  return word
    .split("-")
    .map((part, i) => (i === 0 ? eitherCase(part) : `(?:[-_]|(?=[A-Z]))${eitherCase(part)}`))
    .join("");
}

function eitherCase(part: string): string {
  const [first = "", ...rest] = part;
  return `[${first.toUpperCase()}${first}]${rest.join("")}`;
}
