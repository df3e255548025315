import { describe, expect, it } from "vitest";
import { LimitReachedError, Limiter } from "./limiter.ts";
import { type Component, compose, composeProcess } from "./components.ts";

describe("an app", () => {
  const component = (name: string, said: string[], fails?: "start" | "stop"): Component => ({
    name,
    async start() {
      if (fails === "start") throw new Error("no");
      said.push(`+${name}`);
    },
    async stop() {
      said.push(`-${name}`);
      if (fails === "stop") throw new Error("no");
    },
  });

  it("starts its components in order and stops them in reverse, once", async () => {
    const said: string[] = [];
    const app = compose([component("a", said), component("b", said)]);
    await app.start();
    await Promise.all([app.stop(), app.stop()]);
    expect(said).toEqual(["+a", "+b", "-b", "-a"]);
  });

  it("stops what has started when a component does not, and says which", async () => {
    const said: string[] = [];
    await expect(
      compose([component("a", said), component("b", said, "start"), component("c", said)]).start(),
    ).rejects.toThrow("b did not start");
    expect(said).toEqual(["+a", "-a"]);
  });

  it("starts nothing more once it is told to stop", async () => {
    const said: string[] = [];
    const started = Promise.withResolvers<void>();
    const app = compose([{ name: "slow", start: () => started.promise }, component("late", said)]);
    const starting = app.start();
    const stopping = app.stop();
    started.resolve();
    await stopping;
    await expect(starting).rejects.toThrow("stopped before late was started");
    expect(said).toEqual([]);
  });

  it("is a process with its admin server around its components, and not ready before the first or after the last", async () => {
    const said: string[] = [];
    const admin = Object.assign(component("admin", said), { serving: component("serving", said) });
    await using app = composeProcess(admin, [component("a", said), component("b", said)]);
    await app.start();
    await app.stop();
    expect(said).toEqual(["+admin", "+a", "+b", "+serving", "-serving", "-b", "-a", "-admin"]);
    expect(app.components).toEqual(["admin", "a", "b", "serving"]);
  });

  it("stops every part even when one fails to", async () => {
    const said: string[] = [];
    const app = compose([component("a", said), component("b", said, "stop"), component("c", said)]);
    await app.start();
    await expect(app.stop()).rejects.toThrow(AggregateError);
    expect(said.slice(3)).toEqual(["-c", "-b", "-a"]);
  });
});

describe("a limiter", () => {
  it("runs so many at once, lets so many wait and refuses the rest", async () => {
    const limiter = new Limiter({ runningMax: 2, waitingMax: 1 });
    let running = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running--;
    };
    const all = [limiter.run(work), limiter.run(work), limiter.run(work)];
    await expect(limiter.run(work)).rejects.toThrow(LimitReachedError);
    for (let i = 0; i < 3; i++) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(all);
    expect(most).toBe(2);
    await limiter.run(async () => undefined);
  });

  it("frees its place when the work fails", async () => {
    const limiter = new Limiter({ runningMax: 1, waitingMax: 0 });
    await expect(limiter.run(() => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await limiter.run(async () => 1)).toBe(1);
  });
});
