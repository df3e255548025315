// On the hot path, around every step: design/realtime/performance.md.
//
// Ends a match whose game loops for too long or allocates without bound, without harming other matches.
//
// A separate thread watches (step-watchdog-thread.ts). If a step exceeds its budget, the thread stores the end of that match
// at once: before anybody can consider this shard lost and move the match to another one. If the step returns after all, its
// match is ended here. If it never returns, it cannot be stopped from within: the process ends, and all other matches
// continue on another shard, as after any crash (design/realtime/survival.md). When the heap is almost full, the match whose
// steps made it grow most is ended.
import { getHeapStatistics } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Component } from "@muster/runtime";

export interface StepWatchdogOptions {
  readonly matchesMax: number;
  /** A step that takes longer ends its match. Noticed after one to one and a third times as long. */
  readonly budgetMs: number;
  /** A step that has not returned after this long never will. Noticed at the next third of the budget. */
  readonly stuckMs: number;
  /** Share of the heap that V8 allows; above it the match that allocates most is ended. */
  readonly heapShareMax: number;
  readonly matchUrl: string;
  readonly shardId: string;
}

/** What the watching thread gets. */
export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  readonly budgetMs: number;
  readonly stuckMs: number;
  readonly matchUrl: string;
  readonly shardId: string;
}

/** A step took too long, or filled the heap. */
export class StepOverrunError extends Error {
  override readonly name = "StepOverrunError";
}

/** A match as the watchdog sees it. */
export interface WatchedMatch {
  readonly spec: { readonly matchId: string; readonly epoch: number };
  readonly watchdogSlot: number;
  fail(err: unknown): void;
}

/** Which match is stepped: its slot. */
export const SLOT = 0;
/** The number of the step; 0: between two; negative: condemned. Both threads change it by one atomic exchange, so that no finished step is condemned. */
export const STEP = 1;
const CELLS = 2;
const STEPS_MAX = 0x7fff_ffff;
/** Per slot: the match's id as text, then its epoch. */
export const ID_BYTES = 36;
const SLOT_BYTES = ID_BYTES + 4;

const HEAP_CHECK_MS = 1000;

export function slotAt(memory: SharedArrayBuffer, slot: number): { id: Uint8Array; epoch: DataView } {
  const at = CELLS * 4 + slot * SLOT_BYTES;
  return { id: new Uint8Array(memory, at, ID_BYTES), epoch: new DataView(memory, at + ID_BYTES, 4) };
}

/** Called around every step. */
export interface StepGuard {
  /** The game's code runs from here … */
  enter(match: WatchedMatch): void;
  /** … to here, whatever happened. @returns why the match must end */
  leave(match: WatchedMatch): Error | undefined;
}

export class StepWatchdog implements Component, StepGuard {
  readonly name = "step watchdog";
  readonly #options: StepWatchdogOptions;
  readonly #memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #free: number[];
  #step = 0;
  #worker: Worker | undefined;
  #heapTimer: NodeJS.Timeout | undefined;
  /** While the heap is too full: bytes by match. */
  #growth: Map<WatchedMatch, number> | undefined;
  #heapBefore = 0;

  constructor(options: StepWatchdogOptions) {
    this.#options = options;
    // A match that is taken over may be here twice for a moment.
    const slots = options.matchesMax * 2;
    this.#memory = new SharedArrayBuffer(CELLS * 4 + slots * SLOT_BYTES);
    this.#cells = new Int32Array(this.#memory, 0, CELLS);
    this.#free = Array.from({ length: slots }, (_, i) => slots - 1 - i);
  }

  /** @returns its slot, for enter and release. */
  register(matchId: string, epoch: number): number {
    const slot = this.#free.pop();
    if (slot === undefined) throw new Error("more matches than this shard may hold");
    const { id, epoch: number } = slotAt(this.#memory, slot);
    new TextEncoder().encodeInto(matchId.slice(0, ID_BYTES).padEnd(ID_BYTES), id);
    number.setUint32(0, epoch, true);
    return slot;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  /** The hot path: before every step. */
  enter(match: WatchedMatch): void {
    this.#step = this.#step === STEPS_MAX ? 1 : this.#step + 1;
    this.#cells[SLOT] = match.watchdogSlot;
    this.#cells[STEP] = this.#step; // seen soon enough: the watcher looks again and again
    if (this.#growth) this.#heapBefore = getHeapStatistics().used_heap_size;
  }

  /** After it, whatever happened. @returns why the match must end */
  leave(match: WatchedMatch): StepOverrunError | undefined {
    const condemned = Atomics.exchange(this.#cells, STEP, 0) < 0;
    if (this.#growth) this.#charge(match);
    return condemned ? new StepOverrunError(`a step took longer than ${this.#options.budgetMs} ms`) : undefined;
  }

  async start(): Promise<void> {
    const { budgetMs, stuckMs, matchUrl, shardId } = this.#options;
    const workerData: WatchdogData = { memory: this.#memory, budgetMs, stuckMs, matchUrl, shardId };
    this.#worker = new Worker(new URL("./step-watchdog-thread.ts", import.meta.url), { workerData, execArgv: [] });
    this.#worker.unref();
    this.#heapTimer = setInterval(() => this.checkHeap(getHeapStatistics()), HEAP_CHECK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#heapTimer);
    await this.#worker?.terminate();
  }

  /** Once a second: while the heap is too full, what each step allocates is counted for a second, then the match that allocated most is ended. */
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

  #charge(match: WatchedMatch): void {
    const grown = getHeapStatistics().used_heap_size - this.#heapBefore;
    if (grown > 0) this.#growth?.set(match, (this.#growth.get(match) ?? 0) + grown);
  }
}
