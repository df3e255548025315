import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { StepOverrunError, StepWatchdog } from "./step-watchdog.ts";

describe("the step watchdog", () => {
  const STUCK_MS = 1000; // no step here takes so long: the process would end
  const options = {
    matchesMax: 4,
    budgetMs: 20,
    stuckMs: STUCK_MS,
    heapShareMax: 0.5,
    matchUrl: "http://127.0.0.1:1",
    shardId: "s",
  };
  const busy = (ms: number): void => {
    for (const until = performance.now() + ms; performance.now() < until; );
  };
  const watchedMatch = (watchdogSlot: number) => {
    const errors: unknown[] = [];
    return { spec: { matchId: "m", epoch: 1 }, watchdogSlot, errors, fail: (err: unknown) => void errors.push(err) };
  };

  it("lets a step within its budget pass, and condemns the one that takes longer", async () => {
    const watch = new StepWatchdog(options);
    const match = watchedMatch(watch.register("m", 1));
    await watch.start();
    try {
      let overrun: StepOverrunError | undefined;
      // The thread takes a moment to be there; nothing is condemned before.
      for (let steps = 0; steps < 100 && !overrun; steps++) {
        watch.enter(match);
        busy(100);
        overrun = watch.leave(match);
      }
      expect(overrun).toBeInstanceOf(StepOverrunError);
      for (const until = performance.now() + 100; performance.now() < until; ) {
        watch.enter(match);
        busy(1);
        expect(watch.leave(match)).toBeUndefined();
      }
    } finally {
      await watch.stop();
    }
  });

  it("does not blame a step for the time in which the whole process was stopped", async () => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, "../../test/paused-step.ts")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe("stepping");
      let said = "stopped between steps";
      for (let tries = 0; tries < 5 && said === "stopped between steps"; tries++) {
        child.kill("SIGSTOP");
        await wait(1000);
        child.kill("SIGCONT");
        said = String((await lines.next()).value);
      }
      expect(said).toBe("passed");
      await once(child, "exit");
      expect(child.exitCode).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
  }, 30_000);

  it("charges a heap that nears its end to the match that allocated most, and to no other", () => {
    const watch = new StepWatchdog(options);
    const [modest, greedy] = [watchedMatch(watch.register("a", 1)), watchedMatch(watch.register("b", 1))];
    const kept: number[][] = [];
    const full = { used_heap_size: 60, heap_size_limit: 100 };
    watch.checkHeap(full);
    for (let i = 0; i < 50; i++) {
      watch.enter(modest);
      watch.leave(modest);
      watch.enter(greedy);
      kept.push(Array.from({ length: 5000 }, (_, k) => k * 1.5));
      watch.leave(greedy);
    }
    watch.checkHeap(full);
    expect(greedy.errors).toMatchObject([{ name: "StepOverrunError" }]);
    expect(modest.errors).toEqual([]);
    expect(kept).toHaveLength(50);
  });

  it("uses a watchdogSlot again once it is free, and never gives out more than it has", () => {
    const watch = new StepWatchdog(options);
    const slots = Array.from({ length: 8 }, (_, i) => watch.register(`m${i}`, 1));
    expect(new Set(slots).size).toBe(8);
    expect(() => watch.register("one more", 1)).toThrow("more matches");
    watch.release(slots[3] as number);
    expect(watch.register("again", 2)).toBe(slots[3]);
  });
});
