// Where in a game's source something happened: the first line of a stack that is not the kit's.

const KIT = new URL("..", import.meta.url).href;
const KIT_PATH = decodeURIComponent(new URL("..", import.meta.url).pathname);
const FRAME = /^\s*at (?:.*\()?(?:async )?((?:file|https?):\/\/\S+|\/[^\s()]+|[A-Za-z]:\\[^()]+):(\d+):\d+\)?$/;

/** Whoever calls a game: what is below is no game. */
const CALLERS = ["trial/trial-match.ts", "engine/simulation.ts"];

/** `/folder/game.ts:12`, or a page's address; undefined where no line is the game's. */
export function sourceLineOf(stack: string | undefined): string | undefined {
  for (const line of (stack ?? "").split("\n")) {
    if (line.includes("eval at ")) continue; // the accessors that the kit compiles
    const [, file, at] = FRAME.exec(line) ?? [];
    if (CALLERS.some((one) => file === KIT + one || file === KIT_PATH + one)) return undefined;
    if (file === undefined || file.startsWith(KIT) || file.startsWith(KIT_PATH)) continue;
    if (!file.startsWith("file:")) return `${file}:${at}`;
    return `${decodeURIComponent(new URL(file).pathname)}:${at}`;
  }
  return undefined;
}
