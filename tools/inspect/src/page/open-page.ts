// pnpm inspect GAME: the page, until Ctrl+C. Its rules are loaded again whenever a source changes.
import { existsSync } from "node:fs";
import path from "node:path";
import { openInBrowser, paths, watchSources } from "@muster/local";
import { startGameProcess } from "./game-process.ts";
import type { MatchSetup } from "./messages.ts";
import { serveInspection } from "./server.ts";
import { InspectSession } from "./session.ts";

export interface PageOptions {
  readonly port: number;
  /** Opens this machine's browser. */
  readonly open: boolean;
  readonly stepSeconds: number;
}

export async function openPage(
  word: string,
  setup: MatchSetup,
  { port, open, stepSeconds }: PageOptions,
): Promise<void> {
  let changed = (): void => undefined;
  const start = (): ReturnType<typeof startGameProcess> => startGameProcess(stepSeconds * 1000);
  const session = await InspectSession.open({ word, setup, start, changed: () => changed() });
  await using server = await serveInspection(session, port);
  ({ changed } = server);
  const unwatch = watchSources(sourcesOf(word), () => {
    session.reload().catch((err: unknown) => console.error(err));
  });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());
  console.log(`${session.game.id} (${session.game.buildId}) is inspected at ${server.url}`);
  console.log("Changed rules are loaded while it runs. Ctrl+C ends it.");
  if (open) openInBrowser(server.url, console.log);
  await session.run(stop.signal);
  unwatch();
}

/** The package that is watched, with all that it uses: of a module its own, otherwise that of all games. */
function sourcesOf(word: string): string {
  if (!/[/.]/.test(word)) return path.join(paths.root, "packages/modes");
  let folder = path.dirname(path.resolve(process.env["INIT_CWD"] ?? ".", word));
  while (!existsSync(path.join(folder, "package.json")) && folder !== path.dirname(folder))
    folder = path.dirname(folder);
  return folder;
}
