// Which commands of several pages may run side by side in one copy of the workspace: those that only read it. One that writes what all
// others read runs alone; and if several wait for the same such command, it runs once for all of them.

interface Waiting {
  readonly command: string;
  readonly alone: boolean;
  start(): void;
}

export class CommandTurns {
  readonly #waiting: Waiting[] = [];
  /** By command: those that wait for their turn, to be run once. */
  readonly #shared = new Map<string, Promise<unknown>>();
  #running = 0;
  #alone = false;

  /** In the order of the calls. What one command's end makes others ask for is known before the next one begins. */
  run<T>(command: string, alone: boolean, work: () => Promise<T>): Promise<T> {
    const shared = alone ? this.#shared.get(command) : undefined;
    if (shared) return shared as Promise<T>;
    const done = this.#turn(command, alone).then(work);
    if (alone) this.#shared.set(command, done);
    const ended = (): void => {
      this.#running--;
      this.#alone = false;
      setImmediate(() => this.#next());
    };
    done.then(ended, ended);
    return done;
  }

  #turn(command: string, alone: boolean): Promise<void> {
    return new Promise((start) => {
      this.#waiting.push({ command, alone, start });
      setImmediate(() => this.#next());
    });
  }

  #next(): void {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (this.#alone || (first.alone && this.#running > 0)) return;
      this.#waiting.shift();
      this.#running++;
      this.#alone = first.alone;
      this.#shared.delete(first.command);
      first.start();
    }
  }
}
