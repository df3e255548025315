// A game that loops too long, or allocates without end, loses its own match and no other.
//
// A thread of its own watches (step-watcher.ts). It condemns a step that is over its budget, and stores the end of that
// match at once: before anybody can take this shard for lost and move the match to the next one. A step that comes back
// after all finds out here. One that never does cannot be stopped from within: the process ends, and all the other matches
// go on at another shard, as after any crash (design/realtime/survival.md). A heap that nears its end is charged to the
// match whose steps made it grow most.
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Component } from "@muster/runtime";

export interface StepWatchOptions {
  readonly matchesMax: number;
  /** A step that takes longer ends its match. Noticed after one to one and a third times as long. */
  readonly budgetMs: number;
  /** A step that has not come back after so long never will. Noticed at the next third of the budget. */
  readonly stuckMs: number;
  /** Of what the engine allows; above it the match that allocates most ends. */
  readonly heapShareMax: number;
  readonly matchUrl: string;
  readonly shardId: string;
}

/** What the watching thread gets. */
export interface WatcherData {
  readonly memory: SharedArrayBuffer;
  readonly budgetMs: number;
  readonly stuckMs: number;
  readonly matchUrl: string;
  readonly shardId: string;
}

/** The game did what no game may. */
export class StepOverrunError extends Error {
  override readonly name = "StepOverrunError";
}

/** A match as the watch sees it. */
export interface Watched {
  readonly spec: { readonly matchId: string; readonly epoch: number };
  readonly place: number;
  fail(err: unknown): void;
}

/** Which match is stepped: its place. */
export const PLACE = 0;
/** The number of the step; 0: between two; negative: condemned. It changes hands by one atomic exchange: no step is condemned that is done. */
export const STEP = 1;
const CELLS = 2;
const STEPS_MAX = 0x7fff_ffff;
/** Per place: the match's id as text, then its epoch. */
export const ID_BYTES = 36;
const PLACE_BYTES = ID_BYTES + 4;

const HEAP_CHECK_MS = 1000;

export function placeAt(memory: SharedArrayBuffer, place: number): { id: Uint8Array; epoch: DataView } {
  const at = CELLS * 4 + place * PLACE_BYTES;
  return { id: new Uint8Array(memory, at, ID_BYTES), epoch: new DataView(memory, at + ID_BYTES, 4) };
}

export class StepWatch implements Component {
  readonly name = "step watch";
  readonly #options: StepWatchOptions;
  readonly #memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #free: number[];
  #step = 0;
  #worker: Worker | undefined;
  #heapTimer: NodeJS.Timeout | undefined;
  /** While the heap is too full: bytes by match. */
  #growth: Map<Watched, number> | undefined;
  #heapBefore = 0;

  constructor(options: StepWatchOptions) {
    this.#options = options;
    // A match that is handed over may be here twice for a moment.
    const places = options.matchesMax * 2;
    this.#memory = new SharedArrayBuffer(CELLS * 4 + places * PLACE_BYTES);
    this.#cells = new Int32Array(this.#memory, 0, CELLS);
    this.#free = Array.from({ length: places }, (_, i) => places - 1 - i);
  }

  /** @returns its place, for enter and release. */
  register(matchId: string, epoch: number): number {
    const place = this.#free.pop();
    if (place === undefined) throw new Error("more matches than this shard may hold");
    const { id, epoch: number } = placeAt(this.#memory, place);
    new TextEncoder().encodeInto(matchId.slice(0, ID_BYTES).padEnd(ID_BYTES), id);
    number.setUint32(0, epoch, true);
    return place;
  }

  release(place: number): void {
    this.#free.push(place);
  }

  /** The hot path: before every step. */
  enter(match: Watched): void {
    this.#step = this.#step === STEPS_MAX ? 1 : this.#step + 1;
    this.#cells[PLACE] = match.place;
    this.#cells[STEP] = this.#step; // seen soon enough: the watcher looks again and again
    if (this.#growth) this.#heapBefore = getHeapStatistics().used_heap_size;
  }

  /** After it, whatever happened. @returns why the match must end */
  leave(match: Watched): StepOverrunError | undefined {
    const condemned = Atomics.exchange(this.#cells, STEP, 0) < 0;
    if (this.#growth) this.#charge(match);
    return condemned ? new StepOverrunError(`a step took longer than ${this.#options.budgetMs} ms`) : undefined;
  }

  async start(): Promise<void> {
    const { budgetMs, stuckMs, matchUrl, shardId } = this.#options;
    const workerData: WatcherData = { memory: this.#memory, budgetMs, stuckMs, matchUrl, shardId };
    this.#worker = new Worker(new URL("./step-watcher.ts", import.meta.url), { workerData, execArgv: [] });
    this.#worker.unref();
    this.#heapTimer = setInterval(() => this.checkHeap(getHeapStatistics()), HEAP_CHECK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#heapTimer);
    await this.#worker?.terminate();
  }

  /** Once a second: for a second the steps are charged, then the worst of them pays. */
  checkHeap(heap: { readonly used_heap_size: number; readonly heap_size_limit: number }): void {
    const charged = this.#growth;
    const share = heap.used_heap_size / heap.heap_size_limit;
    this.#growth = share > this.#options.heapShareMax ? new Map() : undefined;
    if (!charged || !this.#growth) return;
    const [worst] = [...charged].sort(([, a], [, b]) => b - a);
    if (!worst) return;
    const [match, bytes] = worst;
    const percent = Math.round(share * 100);
    match.fail(
      new StepOverrunError(
        `the heap is ${percent} % full, and the steps of this match took ${Math.round(bytes / 1024)} KiB in a second, more than any other's`,
      ),
    );
  }

  #charge(match: Watched): void {
    const grown = getHeapStatistics().used_heap_size - this.#heapBefore;
    if (grown > 0) this.#growth?.set(match, (this.#growth.get(match) ?? 0) + grown);
  }
}
