// Language, appearance and sound: at the foot of every page.
import { effect, signal } from "@preact/signals";
import { soundOn } from "../games/sound.ts";
import { readStored, writeStored } from "../session/stored.ts";
import { type Language, language, LANGUAGES, text } from "../text/index.ts";

type Theme = "system" | "light" | "dark";

export const theme = signal<Theme>((readStored("theme") as Theme | undefined) ?? "system");
effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === "system") delete dataset["theme"];
  else dataset["theme"] = theme.value;
  writeStored("theme", theme.value);
});

export function Settings() {
  const { settings } = text.value;
  return (
    <footer>
      <label class="row">
        {settings.language}
        <select value={language.value} onChange={(event) => (language.value = event.currentTarget.value as Language)}>
          {Object.entries(LANGUAGES).map(([tag, { language: name }]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        {settings.theme}
        <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
          {Object.entries(settings.themes).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label class="row">
        <input
          type="checkbox"
          checked={soundOn.value}
          onChange={(event) => (soundOn.value = event.currentTarget.checked)}
        />
        {settings.sound}
      </label>
    </footer>
  );
}
