// The thread that plays: the main thread notices when a step does not return.
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { soak, type SoakSetup } from "@muster/game-kit/trial";
import { findGame } from "./find-game.ts";

export interface SoakRequest {
  readonly game: string;
  readonly setup: SoakSetup;
  /** Shared: the number of steps so far, the seed and the tick of the one that runs. */
  readonly progress: Int32Array;
}

export function readProgress(progress: Int32Array): { steps: number; seed: number; tick: number } {
  const [steps, seed, tick] = [0, 1, 2].map((i) => Atomics.load(progress, i)) as [number, number, number];
  return { steps, seed: seed >>> 0, tick };
}

if (!isMainThread && parentPort) {
  const { game, setup, progress } = workerData as SoakRequest;
  const onStep = (seed: number, tick: number): void => {
    progress[1] = seed;
    progress[2] = tick;
    Atomics.add(progress, 0, 1);
  };
  parentPort.postMessage(soak(await findGame(game), { ...setup, onStep }));
}
