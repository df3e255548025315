// The console's catalogues: loaded with the console, not with the page.
import { computed } from "@preact/signals";
import { language } from "../text/index.ts";
import { consoleDe } from "../text/console-de.ts";
import { consoleEn, type ConsoleText } from "../text/console-en.ts";

const CATALOGUES = { en: consoleEn, de: consoleDe } as const;

export const words = computed<ConsoleText>(() => CATALOGUES[language.value]);

/** "3 min 20 s" */
export function spanText(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${s % 60} s`;
}
