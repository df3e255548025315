// Which characters are allowed in texts that other players see: names of players and rooms, and messages.
// design/backend/v2.0-text.md describes how each of these uses the rules. Sources: UAX #44 (Default_Ignorable_Code_Point:
// invisible where not supported), UTS #39 (section 5.4, sequences of marks), and characters that are invisible although no
// property says so: the blank braille pattern, annotation marks, hieroglyph controls and blanks, and the null notehead.

const BLANK = String.raw`\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb\u{13430}-\u{1343f}\u{13441}\u{13442}\u{1d159}`;
const INVISIBLE = new RegExp(`[${BLANK}]`, "u");
/** A mark alone is no text either: it sits on what stands beside it. */
const VISIBLE = new RegExp(String.raw`[^\p{M}\p{White_Space}\p{Cc}${BLANK}]`, "u");
/** At the start, or after what carries no mark. */
const MARK_WITHOUT_BASE = /(?:^|[\p{White_Space}\p{Pc}\p{Pd}])\p{M}/u;
/**
 * More on one letter of a name than any language needs, the same one twice, or strokes through it: the text would run over its neighbours.
 * Vowel signs with a place of their own (Mc) are not counted: Burmese and Hindi write several in a row.
 */
const NAME_MARKS_TOO_MANY = /[\p{Mn}\p{Me}]{5}|(\p{Mn})\1|[\u0334-\u0338]{2}/u;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/** Control characters but the line break and the tab, and characters that turn the direction of the text around. */
// oxlint-disable-next-line no-control-regex -- these are what it is about
const UNWANTED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
/** In a message, which may quote any language: as many as Tibetan stacks, not the towers that cover other lines, also with joiners between. */
const MESSAGE_MARKS_TOO_MANY =
  /(\p{M}(?:\p{Default_Ignorable_Code_Point}*\p{M}){7})(?:\p{Default_Ignorable_Code_Point}*\p{M})+/gu;
/** Also behind what shows nothing: `trim` takes some of that away. */
const MARKS_AT_A_START = /(^|\p{White_Space})[\p{M}\p{Default_Ignorable_Code_Point}]*\p{M}/gu;

export type NameFault = "invisible" | "mark_without_base" | "too_many_marks" | "only_separators";

/** Of a player or a room: what keeps it from being read as it is written. Give it as it is kept, NFKC or NFC. */
export function nameFaultOf(name: string): NameFault | undefined {
  if (INVISIBLE.test(name)) return "invisible";
  if (MARK_WITHOUT_BASE.test(name)) return "mark_without_base";
  if (NAME_MARKS_TOO_MANY.test(name)) return "too_many_marks";
  return LETTER_OR_DIGIT.test(name) ? undefined : "only_separators";
}

/**
 * A message without what spoils other lines than its own: one that was pasted from anywhere is not refused for it. Empty when nothing is
 * left to be seen; characters that join or vary others may stand among what can be seen.
 */
export function tidyMessage(body: string): string {
  const text = body
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replaceAll(UNWANTED, "")
    .normalize("NFC") // what stood apart may have come together
    .replaceAll(MARKS_AT_A_START, "$1")
    .replaceAll(MESSAGE_MARKS_TOO_MANY, "$1")
    .trim();
  return VISIBLE.test(text) ? text : "";
}
