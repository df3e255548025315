import { renameSync, rmSync, writeFileSync } from "node:fs";

/** Replaces a file that only its owner may read: whoever reads it, and whatever fails meanwhile, there is all of it or what was before. */
export function writeWhole(file: string, text: string): void {
  const own = `${file}.${process.pid}`;
  try {
    writeFileSync(own, text, { mode: 0o600 });
    renameSync(own, file);
  } catch (err) {
    rmSync(own, { force: true });
    throw err;
  }
}
