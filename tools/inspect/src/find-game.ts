// A game as it is named on a command line: by its id, or by the path of its module.
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Game, GameOptions } from "@muster/game-kit";
import { refuseOptions } from "@muster/testkit/program-options";

/** @throws Error when there is none */
export async function findGame(word: string): Promise<Game> {
  if (/[/.]/.test(word)) return await gameOfModule(word);
  const { GAMES } = await import("@muster/modes");
  const found = GAMES.get(word);
  if (!found) throw new Error(`no game ${word}: there are ${[...GAMES.keys()].join(", ")}, and paths of modules`);
  return found;
}

async function gameOfModule(file: string): Promise<Game> {
  const all = (await import(pathToFileURL(path.resolve(process.env["INIT_CWD"] ?? ".", file)).href)) as Record<
    string,
    unknown
  >;
  const found = Object.values(all).find(
    (one) => typeof one === "object" && one !== null && "buildId" in one && "step" in one,
  );
  if (!found) throw new Error(`${file} exports no game`);
  return found as Game;
}

/** A whole number of an option; ends the process where it is none. */
export function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) refuseOptions(`--${name} ${text}: a whole number`);
  return value;
}

/** `rounds=1`, each of them. */
export function gameOptionsOf(words: readonly string[]): GameOptions {
  return Object.fromEntries(
    words.map((word): [string, number] => {
      const [name = "", value] = word.split("=");
      return [name, numberOf("option", value ?? "none") as number];
    }),
  );
}

export function playersOf(word: string | undefined): "bots" | "mixed" | "random" | undefined {
  if (word === undefined || word === "bots" || word === "mixed" || word === "random") return word;
  return refuseOptions(`--players ${word}: bots, mixed or random`);
}
