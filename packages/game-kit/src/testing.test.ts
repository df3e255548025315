import { describe, expect, it } from "vitest";
import { checkGame } from "./testing.ts";

const fixture = (name: string): string => new URL(`../test/fixtures/${name}.ts`, import.meta.url).href;

describe("checkGame fails a game", () => {
  it.each([
    { name: "bad-mathrandom", problem: /Math\.random/ },
    { name: "bad-clock", problem: /Date/ },
    { name: "bad-mathsin", problem: /Math\.sin/ },
    { name: "bad-kept", problem: /Date\.now/ },
    { name: "bad-fraction", problem: /not an integer/ },
  ])("$name", async ({ name, problem }) => {
    const { problems } = await checkGame(fixture(name), "game", { seeds: 1, ticksMax: 5 });
    expect(problems.join("\n")).toMatch(problem);
  });

  it("finds a forbidden call at run time too, where the source does not show it", async () => {
    const { problems } = await checkGame(fixture("bad-mathsin"), "game", { seeds: 1, ticksMax: 5 });
    expect(problems).toContain("called Math.sin");
  });
});
