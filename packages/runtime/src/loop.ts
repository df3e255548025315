import type { Logger } from "@muster/log";
import type { Component } from "./components.ts";
import { retryForever } from "./waiting.ts";

export interface LoopOptions {
  readonly name: string;
  readonly log: Logger;
  /** After rounds that failed, at most. */
  readonly maxDelayMs?: number;
}

/**
 * Does `round` again and again from its start until its stop, which waits for the round under way. A round sleeps by itself, with `stop`;
 * one that fails is logged, and the next one waits longer and longer.
 */
export function createLoop(options: LoopOptions, round: (stop: AbortSignal) => Promise<void>): Component {
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const rounds = async (): Promise<void> => {
    while (!stop.signal.aborted) await round(stop.signal);
  };
  return {
    name: options.name,
    async start() {
      running = retryForever(rounds, { ...options, stop: stop.signal });
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}
