/** What moves a terminal's cursor or changes what it does, turns the direction of a text, or is not to be seen. Ends of lines and tabs stay. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text for an operator's terminal, which others may have written: players, whoever can write to a topic, a database's log. JSON stays JSON of
 * the same value.
 */
export function printable(text: string): string {
  return text.replaceAll(UNSEEN, escaped);
}

function escaped(sign: string): string {
  return Array.from({ length: sign.length }, (_, i) => `\\u${sign.charCodeAt(i).toString(16).padStart(4, "0")}`).join(
    "",
  );
}
