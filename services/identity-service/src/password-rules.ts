// The rules for new passwords: NIST SP 800-63B (rev. 3, 5.1.1.2; rev. 4, 3.1.1.2). A minimum length and a list of common
// passwords that are refused; no composition rules, no expiry, and every printable character is allowed, including spaces.
import { dictionary } from "@zxcvbn-ts/language-common";
import { fail } from "./errors.ts";

/** About 49,000 passwords from leaks, most common first. */
const COMMON: ReadonlySet<string> = new Set(dictionary["passwords-common"] as readonly string[]);
/** Of the house: as easy to think of as the player's own. */
const HOUSE_NAMES = ["muster"];
/** Words that passwords are made of; longer than what the list of common ones catches by itself. */
const FIRST_WORDS = ["password", "passwort", "qwerty"];
/** A long password may hold such a word; one that has so few characters beside it may not. */
const CHARS_BESIDE_MIN = 6;

export interface PasswordRules {
  /** Characters; NIST rev. 3 demands 8, rev. 4 demands 15 where the password is all there is. */
  readonly charsMin: number;
}

/** @throws AppError weak_password, with details.reason: too_short, too_common, repetitive or contains_name */
export function checkPassword(password: string, name: string, { charsMin }: PasswordRules): void {
  const plain = password.normalize("NFKC");
  const length = Array.from(plain).length;
  if (length < charsMin) throw refuse("too_short", `A password has at least ${charsMin} characters.`, { charsMin });
  const lower = plain.toLowerCase();
  const bare = lower.replaceAll(/[^\p{L}\p{N}]/gu, "");
  const withoutDigits = bare.replace(/\p{N}+$/u, "");
  const littleMoreThan = (words: readonly string[]): boolean =>
    words.some((word) => word.length >= 4 && lower.includes(word) && length - word.length < CHARS_BESIDE_MIN);
  if (littleMoreThan([name.normalize("NFKC").toLowerCase(), ...HOUSE_NAMES]))
    throw refuse("contains_name", "This password is little more than a name.");
  if (
    littleMoreThan(FIRST_WORDS) ||
    COMMON.has(lower) ||
    COMMON.has(bare) ||
    (withoutDigits.length >= 4 && COMMON.has(withoutDigits) && length < 12)
  )
    throw refuse("too_common", "This password is one of those that are tried first.");
  if (new Set(lower).size <= 3 || isSequence(lower) || isRepeat(lower))
    throw refuse("repetitive", "This password is one pattern over and over.");
}

/** abcdefgh, 87654321. */
function isSequence(text: string): boolean {
  const steps = Array.from(text)
    .slice(1)
    .map((character, i) => (character.codePointAt(0) ?? 0) - (text.codePointAt(i) ?? 0));
  return steps.length > 0 && Math.abs(steps[0] as number) === 1 && steps.every((step) => step === steps[0]);
}

/** xyzxyzxyz. */
function isRepeat(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length && (text + text).indexOf(text, 1) <= 4;
}

function refuse(reason: string, message: string, more: Readonly<Record<string, unknown>> = {}): Error {
  return fail("weak_password", { message, details: { reason, ...more } });
}
