import { describe, expect, it } from "vitest";
import { FairLimiter, WaitAbandonedError } from "./fair-limiter.ts";
import { LimitReachedError } from "./limiter.ts";

/** Work that runs until it is let go, in the order in which it was begun. */
function workbench(): { begun: string[]; work(name: string): () => Promise<void>; finish(): Promise<void> } {
  const begun: string[] = [];
  const gates: (() => void)[] = [];
  return {
    begun,
    work: (name) => async () => {
      begun.push(name);
      await new Promise<void>((resolve) => gates.push(resolve));
    },
    async finish() {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("a fair limiter", () => {
  it("lets sources take turns: a flood of one delays another one's call by one turn", async () => {
    const limiter = new FairLimiter({ runningMax: 1, waitingMax: 100, waitingPerSourceMax: 50 });
    const { begun, work, finish } = workbench();
    const all = Array.from({ length: 20 }, (_, i) => limiter.run("flood", work(`flood ${i}`)));
    all.push(limiter.run("player", work("player")));
    for (let i = 0; i < 21; i++) await finish();
    await Promise.all(all);
    expect(begun.indexOf("player")).toBe(1);
    expect(begun).toHaveLength(21);
  });

  it("lets in a source that has just come before those of a crowd that were let in already", async () => {
    const limiter = new FairLimiter({
      runningMax: 2,
      runningPerSourceMax: 2,
      waitingMax: 100,
      waitingPerSourceMax: 50,
    });
    const { begun, work, finish } = workbench();
    const crowd = [0, 1, 2, 3, 0, 1, 2, 3].map((i) => limiter.run(`guest ${i}`, work(`guest ${i}`)));
    crowd.push(limiter.run("player", work("player")));
    for (let i = 0; i < 9; i++) await finish();
    await Promise.all(crowd);
    expect(begun.slice(0, 5)).toEqual(["guest 0", "guest 1", "guest 2", "guest 3", "player"]);
  });

  it("gives the slot to another while the work waits for something else", async () => {
    const limiter = new FairLimiter({ runningMax: 1, waitingMax: 10, waitingPerSourceMax: 10 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const outside = limiter.run("a", () => limiter.aside(() => promise));
    await limiter.run("b", async () => undefined);
    resolve();
    await outside;
    await limiter.run("c", async () => undefined);
    expect(limiter.idle).toBe(true);
  });

  it("refuses beyond its limits, of one source and of all, and keeps slots of others free", async () => {
    const limiter = new FairLimiter({ runningMax: 1, waitingMax: 2, waitingPerSourceMax: 1 });
    const { work, finish } = workbench();
    const all = [0, 1].map((i) => limiter.run("flood", work(`flood ${i}`)));
    await expect(limiter.run("flood", work("more"))).rejects.toThrow(LimitReachedError);
    all.push(limiter.run("player", work("player")));
    await expect(limiter.run("another", work("another"))).rejects.toThrow(LimitReachedError);
    for (let i = 0; i < 3; i++) await finish();
    await Promise.all(all);
    await limiter.run("flood", async () => undefined);
  });

  it("keeps a slot for a source that has fewer waiting: the last of the one with most is refused", async () => {
    const limiter = new FairLimiter({ runningMax: 1, waitingMax: 6, waitingPerSourceMax: 3 });
    const { begun, work, finish } = workbench();
    const floods = ["a", "a", "a", "a", "b", "b", "b"].map((source, i) => limiter.run(source, work(`${source} ${i}`)));
    const outcomes = Promise.allSettled(floods);
    const player = limiter.run("player", work("player"));
    for (let i = 0; i < 7; i++) await finish();
    await player;
    const refused = (await outcomes).filter(({ status }) => status === "rejected");
    expect(refused).toMatchObject([{ reason: expect.any(LimitReachedError) as unknown }]);
    expect(begun).toContain("player");
    expect(limiter.idle).toBe(true);
  });

  it("runs no more of one source at once than it may, although there is room", async () => {
    const limiter = new FairLimiter({
      runningMax: 10,
      runningPerSourceMax: 2,
      waitingMax: 10,
      waitingPerSourceMax: 10,
    });
    const { begun, work, finish } = workbench();
    const all = [0, 1, 2].map((i) => limiter.run("a", work(`a${i}`)));
    all.push(limiter.run("b", work("b0")));
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual(["a0", "a1", "b0"]);
    for (let i = 0; i < 4; i++) await finish();
    await Promise.all(all);
    expect(begun).toEqual(["a0", "a1", "b0", "a2"]);
  });

  it("gives the slot of a caller that gave up to the next, and does not begin its work", async () => {
    const limiter = new FairLimiter({ runningMax: 1, waitingMax: 1, waitingPerSourceMax: 1 });
    const { begun, work, finish } = workbench();
    const first = limiter.run("a", work("a"));
    const gone = new AbortController();
    const left = limiter.run("b", work("b"), gone.signal);
    gone.abort();
    await expect(left).rejects.toThrow(WaitAbandonedError);
    const next = limiter.run("c", work("c"));
    await finish();
    await finish();
    await Promise.all([first, next]);
    expect(begun).toEqual(["a", "c"]);
  });
});
