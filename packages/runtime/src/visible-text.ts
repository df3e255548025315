// What of a text can be seen. Sources: Unicode's property Default_Ignorable_Code_Point (UAX #44: shown as nothing where it is not
// supported), and the braille pattern without dots.

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800]/u;
const VISIBLE = /[^\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Cc}\u2800]/u;

/** Whether it has a character that shows nothing: a name with one looks like another name. */
export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** Whether there is nothing to be seen at all. Characters that join or vary others may stand among what can be seen. */
export function isBlank(text: string): boolean {
  return !VISIBLE.test(text);
}
