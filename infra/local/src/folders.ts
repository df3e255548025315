import { mkdirSync, statSync } from "node:fs";
import path from "node:path";

/**
 * As `mkdir -p`. Node's own (`recursive`) tries for ever where a folder that is there takes no other one and the system says that it was
 * not found: /proc, and automounts whose server is away.
 */
export function makeFolders(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, { mode });
  } catch (err) {
    if (isFolder(folder)) return;
    const parent = path.dirname(folder);
    if ((err as NodeJS.ErrnoException).code !== "ENOENT" || isFolder(parent)) throw err;
    makeFolders(parent, mode);
    makeFolders(folder, mode); // somebody else may make it meanwhile
  }
}

function isFolder(at: string): boolean {
  return statSync(at, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
