import { createLogger } from "@muster/log";
import { expect, it } from "vitest";
import { createLoop } from "./loop.ts";
import { sleep, until } from "./waiting.ts";

const LOG = createLogger("test", "silent");

it("goes on after a round that failed", async () => {
  let rounds = 0;
  const loop = createLoop({ name: "x", log: LOG }, async (stop) => {
    if (++rounds === 1) throw new Error("away");
    await sleep(1, stop);
  });
  await loop.start?.();
  await until(() => (rounds > 2 ? undefined : `${rounds} rounds`));
  await loop.stop?.();
});

it("ends a sleep at its stop, waits for the round under way, and begins no other", async () => {
  let [begun, ended] = [0, 0];
  const loop = createLoop({ name: "x", log: LOG }, async (stop) => {
    begun++;
    await sleep(3_600_000, stop);
    await sleep(10);
    ended++;
  });
  await loop.start?.();
  await until(() => (begun === 1 ? undefined : "it has not begun"));
  await loop.stop?.();
  expect([begun, ended]).toEqual([1, 1]);
});

it("that never started can be stopped", async () => {
  await createLoop({ name: "x", log: LOG }, async () => undefined).stop?.();
});
