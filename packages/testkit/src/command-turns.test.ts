import { expect, it } from "vitest";
import { CommandTurns } from "./command-turns.ts";

it("runs what reads side by side, what writes alone, and once for all that wait for it", async () => {
  const turns = new CommandTurns();
  const log: string[] = [];
  const run = (name: string, alone: boolean): Promise<string> =>
    turns.run(name, alone, async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      log.push(`${name} ends`);
      return name;
    });
  const install = run("install", true);
  const gen = run("gen", true);
  const again = install.then(() => run("gen", true)); // asked for when the first one still waits
  const tests = ["a", "b"].map((name) => run(name, false));
  expect(await Promise.all([install, gen, again, ...tests])).toEqual(["install", "gen", "gen", "a", "b"]);
  expect(log).toEqual([
    "install begins",
    "install ends",
    "gen begins",
    "gen ends",
    "a begins",
    "b begins",
    "a ends",
    "b ends",
  ]);
  await run("gen", true);
  expect(log.at(-1)).toBe("gen ends");
  expect(log).toHaveLength(10);
});

it("goes on after a command that failed, which fails for all that waited for it", async () => {
  const turns = new CommandTurns();
  const fails = (): Promise<never> => turns.run("gen", true, () => Promise.reject(new Error("no")));
  expect((await Promise.allSettled([fails(), fails()])).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await turns.run("test", false, () => Promise.resolve(1))).toBe(1);
});
