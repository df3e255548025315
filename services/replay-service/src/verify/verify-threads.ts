// Threads in which matches are simulated. A thread is started when there is work for it, and ends when there has been none for a while.
//
// A game's code runs here, so a thread may loop or fill its heap. One that takes longer than its budget is terminated; one that fills its heap
// ends by itself. Two things cannot be undone from within the process: a loop that V8 cannot interrupt, and an allocation that goes
// beyond the heap at once, which ends the process. After the former, the owner ends the process; either way the claims of this instance run out.
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Outcome } from "../replays.ts";
import { unverifiable } from "./judge.ts";

export interface VerifyThreadsOptions {
  readonly threads: number;
  readonly budgetMs: number;
  readonly heapMb: number;
  readonly idleMs: number;
  /** A module whose `BUILDS` are the games. */
  readonly gamesModule: string;
}

export interface ThreadData {
  readonly gamesModule: string;
}

export type FromThread = { readonly ready: true } | { readonly outcome: Outcome } | { readonly fault: string };

/** For the thread's own code and the games' modules. */
const READY_WITHIN_MS = 30_000;
const END_WITHIN_MS = 3000;
const YOUNG_HEAP_MB = 8;

/** The thread could not work. */
export class ThreadFailedError extends Error {
  override readonly name = "ThreadFailedError";
  /** False: it had no match yet, which is therefore not at fault. */
  readonly hadMatch: boolean;

  constructor(message: string, { hadMatch, cause }: { readonly hadMatch: boolean; readonly cause?: unknown }) {
    super(message, { cause });
    this.hadMatch = hadMatch;
  }
}

export class VerifyThreads {
  readonly #options: VerifyThreadsOptions;
  readonly #idle: Thread[] = [];
  readonly #all = new Set<Thread>();
  /** Of threads without work. */
  readonly #endings = new Set<Promise<void>>();
  #stopping = false;
  /** A thread could not be ended: the process has to be. */
  stuck = false;

  constructor(options: VerifyThreadsOptions) {
    this.#options = options;
  }

  /** How many matches may be simulated at once: the caller keeps to it. */
  get size(): number {
    return this.#options.threads;
  }

  get running(): number {
    return this.#all.size;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** @throws ThreadFailedError */
  async verify(content: Uint8Array): Promise<Outcome> {
    if (this.#stopping) throw new ThreadFailedError("stopping", { hadMatch: false });
    const { budgetMs, heapMb } = this.#options;
    const thread = this.#idle.pop() ?? this.#start();
    try {
      thread.keep();
      const answer = await thread.ask(content, budgetMs);
      if (answer === "timeout") return unverifiable("timeout", `it took longer than ${budgetMs} ms`);
      if (answer === "out of memory") return unverifiable("too_costly", `it needed more than ${heapMb} MiB`);
      if ("outcome" in answer) return answer.outcome;
      throw new ThreadFailedError("fault" in answer ? answer.fault : "the thread did not answer", { hadMatch: true });
    } finally {
      if (thread.usable) this.#rest(thread);
      else await this.#end(thread);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#endings, ...[...this.#all].map((thread) => this.#end(thread))]);
  }

  #start(): Thread {
    const thread = new Thread(this.#options);
    this.#all.add(thread);
    return thread;
  }

  #rest(thread: Thread): void {
    this.#idle.push(thread);
    thread.endAfter(this.#options.idleMs, () => {
      const ending = this.#end(thread).finally(() => this.#endings.delete(ending));
      this.#endings.add(ending);
    });
  }

  async #end(thread: Thread): Promise<void> {
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    if (await thread.end()) this.#all.delete(thread);
    else this.stuck = true;
  }
}

type Answer = FromThread | "timeout" | "out of memory";

class Thread {
  readonly #worker: Worker;
  readonly #ready: Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #over: (answer: Answer) => void = () => undefined;
  usable = true;

  constructor({ gamesModule, heapMb }: VerifyThreadsOptions) {
    const workerData: ThreadData = { gamesModule };
    this.#worker = new Worker(new URL("./verify-thread.ts", import.meta.url), {
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.#ready = new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new ThreadFailedError(`not ready within ${READY_WITHIN_MS} ms`, { hadMatch: false })),
        READY_WITHIN_MS,
      );
      this.#worker.on("message", (message: FromThread) => {
        if (!("ready" in message)) return this.#over(message);
        clearTimeout(late);
        resolve();
      });
      this.#worker.on("error", (err: Error & { code?: string }) => {
        clearTimeout(late);
        this.usable = false;
        reject(new ThreadFailedError(err.message, { hadMatch: false, cause: err }));
        this.#over(err.code === "ERR_WORKER_OUT_OF_MEMORY" ? "out of memory" : { fault: err.message });
      });
      this.#worker.on("exit", () => {
        clearTimeout(late);
        this.usable = false;
        reject(new ThreadFailedError("the thread ended", { hadMatch: false }));
        this.#over({ fault: "the thread ended" });
      });
    });
    void this.#ready.catch(() => undefined); // asked for later, or never
  }

  /** The budget is the match's own: starting does not count. */
  async ask(content: Uint8Array, budgetMs: number): Promise<Answer> {
    try {
      await this.#ready;
    } catch (err) {
      this.usable = false;
      throw err;
    }
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#over = resolve;
    const timer = setTimeout(() => {
      this.usable = false;
      resolve("timeout");
    }, budgetMs);
    const copy = new Uint8Array(content); // without what else is in the buffer that it came in
    this.#worker.postMessage(copy, [copy.buffer]);
    const answer = await promise;
    clearTimeout(timer);
    return answer;
  }

  keep(): void {
    clearTimeout(this.#timer);
  }

  endAfter(ms: number, end: () => void): void {
    this.#timer = setTimeout(end, ms);
    this.#timer.unref();
  }

  /** @returns false: it does not end */
  async end(): Promise<boolean> {
    this.keep();
    this.usable = false;
    return Promise.race([this.#worker.terminate().then(() => true), wait(END_WITHIN_MS, false, { ref: false })]);
  }
}
