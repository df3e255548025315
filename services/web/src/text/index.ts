// The page's languages: `text.value` is the chosen one's catalogue. Components that read it are drawn anew when it changes.
import { MusterError } from "@muster/client";
import { computed, effect, signal } from "@preact/signals";
import { readStored, writeStored } from "../session/stored.ts";
import { de } from "./de.ts";
import { en, type Text } from "./en.ts";

export const LANGUAGES = { en, de } as const;
export type Language = keyof typeof LANGUAGES;

export const language = signal<Language>(chosen());
export const text = computed<Text>(() => LANGUAGES[language.value]);

effect(() => {
  document.documentElement.lang = language.value;
  writeStored("language", language.value);
});

/** What a failure is called, and what to do about it. */
export function errorText(err: unknown): string {
  const code = err instanceof MusterError ? err.code : "internal";
  const { errors, unknownError, again, mutedEverywhere, ends, because } = text.value;
  const what = (Object.hasOwn(errors, code) && errors[code]) || unknownError(code);
  const { retryAfterMs: waitMs, until, reason, everywhere } = err instanceof MusterError ? (err.details ?? {}) : {};
  // Bans and mutes: what a moderator has written for the player.
  if ((code === "muted" || code === "account_banned") && typeof reason === "string")
    return [
      everywhere === true ? mutedEverywhere : what,
      typeof until === "string" ? ends(dateText(until)) : "",
      because(reason),
    ]
      .filter((part) => part !== "")
      .join(" ");
  return typeof waitMs === "number" ? `${what} ${again(waitText(waitMs))}` : what;
}

/** "40 seconds", "5 minutes", "7 hours", rounded up: the largest unit says enough. */
function waitText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [unit, length] =
    seconds < 120 ? (["second", 1] as const) : seconds < 7200 ? (["minute", 60] as const) : (["hour", 3600] as const);
  const format = new Intl.NumberFormat(language.value, { style: "unit", unit, unitDisplay: "long" });
  return format.format(Math.ceil(seconds / length));
}

/** "12 Mar 2026, 14:05", as the language writes it. */
export function dateText(when: string | Date): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(when));
}

function chosen(): Language {
  const wanted = [readStored("language"), ...navigator.languages];
  const found = wanted.map((tag) => tag?.slice(0, 2)).find((tag) => tag !== undefined && tag in LANGUAGES);
  return (found as Language | undefined) ?? "en";
}
