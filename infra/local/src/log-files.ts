// The local system's logs: a file per process, bounded.
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import path from "node:path";

/** A file that has grown to this becomes `<name>.log.1`, whose predecessor goes: twice this per process at most. */
export const LOG_FILE_BYTES_MAX = 16 * 1024 * 1024;

interface LogFile {
  readonly descriptor: number;
  bytes: number;
}

export class LogFiles {
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #files = new Map<string, LogFile>();

  constructor(folder: string, bytesMax: number = LOG_FILE_BYTES_MAX) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#bytesMax = bytesMax;
  }

  write(name: string, line: string): void {
    const text = `${line}\n`;
    let file = this.#files.get(name) ?? this.#open(name);
    if (file.bytes >= this.#bytesMax) {
      closeSync(file.descriptor);
      renameSync(this.#path(name), `${this.#path(name)}.1`);
      file = this.#open(name);
    }
    file.bytes += writeSync(file.descriptor, text);
  }

  close(): void {
    for (const { descriptor } of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #open(name: string): LogFile {
    const descriptor = openSync(this.#path(name), "a");
    const file = { descriptor, bytes: existsSync(this.#path(name)) ? fstatSync(descriptor).size : 0 };
    this.#files.set(name, file);
    return file;
  }

  #path(name: string): string {
    return path.join(this.#folder, `${name}.log`);
  }
}
