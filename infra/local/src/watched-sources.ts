// Notices changes of a service's sources and of all packages that it uses. Tests do not count.
import { type FSWatcher, watch } from "node:fs";
import path from "node:path";
import { packagesOf } from "./sources.ts";

const SETTLE_MS = 150;

/**
 * `changed` is called when nothing more has changed for a moment, with one of the files. A change may be a new dependency, such as a new
 * game: afterwards, what is watched is what there is then.
 * @returns a function that ends it
 */
export function watchSources(root: string, changed: (file: string) => void): () => void {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  const open = (): void => {
    watchers = packagesOf(root).map((folder) =>
      watch(folder, { recursive: true }, (_event, file) => {
        if (file === null || file.includes("node_modules") || file.includes(".test.") || !/\.(ts|yaml)$/.test(file))
          return;
        clearTimeout(timer);
        timer = setTimeout(() => {
          close();
          open();
          changed(path.join(folder, file));
        }, SETTLE_MS);
      }),
    );
  };
  open();
  return close;
}
