// The files of a local system are for whoever started it: they have its secrets.
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";

/** The variables in a file of MUSTER_HOME. @throws Error that says what to do when the system is somebody else's */
export function readOwnVariables(file: string, read: typeof readFileSync = readFileSync): NodeJS.Dict<string> {
  try {
    return parseEnv(read(file, "utf8"));
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "EACCES") throw err;
    const owner = statSync(path.dirname(file), { throwIfNoEntry: false })?.uid;
    throw new Error(
      `${file} may not be read: the system in this folder was started by another user (uid ${owner}). Run this as that user, or give your own system its own folder and ports: MUSTER_HOME, MUSTER_PORT and MUSTER_PORT_BASE`,
      { cause: err },
    );
  }
}
