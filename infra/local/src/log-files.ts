// The local system's log files: one per process, bounded. Lines that cannot be written are counted and reported, but never
// stop a process: on a full disk, everything that needs no disk continues.
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import path from "node:path";
import { makeFolders } from "./folders.ts";

/** A file that has grown to this is renamed to `<name>.log.1`, which replaces the one before: a process's logs take twice this at most. */
export const LOG_FILE_BYTES_MAX = 16 * 1024 * 1024;

interface LogFile {
  readonly descriptor: number;
  bytes: number;
}

export interface LogFilesOptions {
  readonly bytesMax?: number;
  /** Told once when lines begin to be lost, and once when they are written again. */
  readonly say?: (text: string) => void;
}

export class LogFiles {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #say: (text: string) => void;
  readonly #files = new Map<string, LogFile>();
  /** Since the last line that could be written, by file. */
  readonly #lost = new Map<string, number>();

  constructor(folder: string, options: LogFilesOptions = {}) {
    makeFolders(folder);
    this.#folder = folder;
    this.#bytesMax = options.bytesMax ?? LOG_FILE_BYTES_MAX;
    this.#say = options.say ?? (() => undefined);
  }

  /** Never throws: a line that does not get into its file is counted. */
  write(name: string, line: string): void {
    const lost = this.#lost.get(name) ?? 0;
    try {
      if (lost > 0) this.#append(name, `${lost} earlier lines were lost`);
      this.#append(name, line);
    } catch (err) {
      if (this.#lost.size === 0) this.#say(`logs cannot be written; lines are lost until they can: ${String(err)}`);
      this.#lost.set(name, lost + 1);
      this.#forget(name); // the next line tries anew, from the opening of the file on
      return;
    }
    if (!this.#lost.delete(name)) return;
    this.#say(`the log of ${name} can be written again; ${lost} lines were lost`);
  }

  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #append(name: string, line: string): void {
    const text = `${line}\n`;
    let file = this.#files.get(name) ?? this.#open(name);
    if (file.bytes >= this.#bytesMax) {
      this.#forget(name);
      renameSync(this.#path(name), `${this.#path(name)}.1`);
      file = this.#open(name);
    }
    file.bytes += writeSync(file.descriptor, text);
  }

  #open(name: string): LogFile {
    const descriptor = openSync(this.#path(name), "a");
    const file = { descriptor, bytes: existsSync(this.#path(name)) ? fstatSync(descriptor).size : 0 };
    this.#files.set(name, file);
    return file;
  }

  #forget(name: string): void {
    const file = this.#files.get(name);
    this.#files.delete(name);
    if (file) closeSync(file.descriptor);
  }

  #path(name: string): string {
    return path.join(this.#folder, `${name}.log`);
  }
}
