// Which names are allowed. A name must be unique in two ways: by its text (ignoring case) and by its appearance.
// Sources: UAX #31 (recommended scripts), UTS #39 (confusable skeletons, "highly restrictive" mixing), PRECIS RFC 8265.
import { lengthOf, nameFaultOf } from "@muster/runtime";
import { skeletonOf } from "./confusables.ts";
import { fail } from "./errors.ts";

const CHARACTERS = /^[\p{L}\p{N}_-][\p{L}\p{M}\p{N}_-]*$/u;

/** UAX #31, table 5: scripts in everyday use. */
const SCRIPTS = [
  "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew",
  "Hiragana Kannada Katakana Khmer Lao Latin Malayalam Myanmar Oriya Sinhala Tamil Telugu Thaana Thai Tibetan",
]
  .join(" ")
  .split(" ")
  .map((name) => [name, new RegExp(`\\p{Script=${name}}`, "u")] as const);
const COMMON = /[\p{Script=Common}\p{Script=Inherited}]/u;
/** Scripts that are written together. */
const MIXES = ["Latin Han Hiragana Katakana", "Latin Han Bopomofo", "Latin Han Hangul"].map(
  (mix) => new Set(mix.split(" ")),
);

/** Names that would let a player speak for the house. Compared by what they look like. */
const RESERVED = [
  "admin administrator moderator mod gamemaster gm support staff official system server host root operator security",
  "helpdesk muster anonymous guest player you everyone here null undefined nobody deleted unknown bot",
]
  .join(" ")
  .split(" ");
/** What digits are written for. */
const DIGIT_LETTERS: Readonly<Record<string, string>> = { "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t" };

/**
 * Two names are one name when this is equal: the one key for looking an account up, for its uniqueness, for the counts of
 * failed log-ins and for what operators type. Without the white space around it, which no name has; folding it again
 * changes nothing, though lower case and NFKC can each undo the other.
 */
export function nameKeyOf(name: string): string {
  let key = name;
  for (let before = ""; key !== before; ) {
    before = key;
    key = key.normalize("NFKC").toLowerCase().trim();
  }
  return key;
}

/** Written differently by convention and not by a different hand: ss for a sharp s, an i whose dot was set by itself. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/[\u00df\u1e9e]/g, "ss"],
  [/[Ii]\u0307/g, "i"],
];
const SEPARATORS = /[-_\u02cd\ufe4d-\ufe4f\p{Dash_Punctuation}]+/gu;

/** What a name looks like: equal for names that can be mistaken for one another. How many separators, and which, tells no two apart. */
export function nameSkeletonOf(name: string): string {
  let text = name.normalize("NFKC").normalize("NFD");
  for (const [spelling, same] of SPELLINGS) text = text.replaceAll(spelling, same);
  return skeletonOf(text).normalize("NFD").toLowerCase().replaceAll(SEPARATORS, "-");
}

/** How the names begin that guests are given. */
const GUEST_PREFIX = "guest-";

/**
 * Checks a name that somebody wants to have.
 * @returns the name as it is kept: NFKC
 * @throws AppError bad_name, with details.reason: characters, mixed_scripts or reserved
 */
export function checkName(given: string, alsoReserved: readonly string[] = []): string {
  const name = given.normalize("NFKC");
  if (!CHARACTERS.test(name) || nameFaultOf(name) !== undefined || lengthOf(name) < 3 || lengthOf(name) > 24)
    throw refuse("characters", "A name has 3 to 24 letters, digits, underscores and hyphens.");
  if (!scriptsFit(name)) throw refuse("mixed_scripts", "A name is written in one script.");
  if (isReserved(name, alsoReserved)) throw refuse("reserved", "This name is reserved.");
  return name;
}

function refuse(reason: string, message: string): Error {
  return fail("bad_name", { message, details: { reason } });
}

function scriptsFit(name: string): boolean {
  const used = new Set<string>();
  for (const character of name) {
    if (COMMON.test(character)) continue;
    const script = SCRIPTS.find(([, pattern]) => pattern.test(character));
    if (!script) return false;
    used.add(script[0]);
  }
  return used.size <= 1 || MIXES.some((mix) => [...used].every((script) => mix.has(script)));
}

/** The name as it is written and in lower case, for capitals look like other letters than small ones do. */
function isReserved(name: string, more: readonly string[]): boolean {
  const looks = new Set<string>();
  for (const written of [name, nameKeyOf(name)]) {
    const spelt = written.replaceAll(/[013457]/g, (digit) => DIGIT_LETTERS[digit] as string);
    if ([written, spelt].some((text) => strokesOf(text).startsWith(strokesOf(GUEST_PREFIX)))) return true;
    const bare = written.replaceAll(/[_-]/g, "");
    for (const text of [written, bare, bare.replace(/\p{N}+$/u, ""), spelt.replaceAll(/[_-]/g, "")])
      looks.add(strokesOf(text));
  }
  return [...RESERVED, ...more].some((reserved) => looks.has(strokesOf(reserved.toLowerCase())));
}

/** What it looks like to who expects a word, in whichever case: I, l, 1 and i are one stroke. Coarser than what makes two names one. */
function strokesOf(text: string): string {
  return nameSkeletonOf(nameSkeletonOf(text)).replaceAll("i", "l");
}
