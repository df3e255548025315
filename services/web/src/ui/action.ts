// Something that the player starts and that may fail: whether it runs, and what went wrong the last time.
import { type Signal, useSignal } from "@preact/signals";
import { detach } from "../detach.ts";

export interface Action {
  readonly busy: Signal<boolean>;
  readonly error: Signal<unknown>;
  /** Does nothing while it runs already. */
  readonly run: (work: () => Promise<unknown>) => void;
}

export function useAction(): Action {
  const [busy, error] = [useSignal(false), useSignal<unknown>(undefined)];
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    busy.value = true;
    error.value = undefined;
    try {
      await work();
    } catch (err) {
      error.value = err;
    }
    busy.value = false;
  };
  return { busy, error, run: (work) => busy.value || detach(act(work)) };
}
