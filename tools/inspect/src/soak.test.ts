import { spawnSync } from "node:child_process";
import path from "node:path";
import { GAMES } from "@muster/modes";
import type { Game } from "@muster/game-kit";
import { soak, type SoakReport, type SoakSetup } from "@muster/game-kit/trial";
import { describe, expect, it } from "vitest";
import { soakText } from "./soak-text.ts";
import { gameWith, good, type Input, type State } from "../test/games.ts";

const soaked = (game: Game<State, Input>, setup: Partial<SoakSetup> = {}): SoakReport =>
  soak(game as unknown as Game, { matches: 200, seed: 1, ...setup });

/** Exit code and output of `pnpm soak`. */
function run(...words: string[]): { code: number | null; said: string } {
  const done = spawnSync(process.execPath, [path.join(import.meta.dirname, "soak.ts"), ...words], {
    cwd: path.join(import.meta.dirname, ".."),
    encoding: "utf8",
    env: { ...process.env, INIT_CWD: undefined },
  });
  return { code: done.status, said: done.stdout + done.stderr };
}

describe("a soak", () => {
  it.each([...GAMES.values()].map((game) => [game.id, game] as const))("passes %s", (_, game) => {
    const report = soak(game, { matches: 150, seed: 1 });
    expect(report.problems).toEqual([]);
    expect(report.counted).toBeGreaterThan(100);
    for (const spread of [report.ticks, ...Object.values(report.bytes)]) expect(spread.least).toBeGreaterThan(0);
  });

  it("plays the same matches again from the same seed", () => {
    expect(soaked(good)).toEqual(soaked(good));
    expect(soaked(good, { seed: 1000 })).not.toEqual(soaked(good));
  });

  it("names the seed, the tick and the line of a crash, and that match alone crashes again", () => {
    const crashing = gameWith({
      step(s, inputs, { random }) {
        if (random.below(3000) === 0) throw new Error("no such thing");
        good.step(s, inputs, {} as never);
      },
    });
    const { crashes, problems } = soaked(crashing);
    const [first] = crashes;
    expect(crashes).toHaveLength(1); // all of them are the same one
    expect(problems).toEqual([`${first?.matches} matches crashed`]);
    expect(first?.message).toMatch(/^no such thing \(\/.*soak\.test\.ts:\d+\)$/);
    expect(soaked(crashing, { matches: 1, seed: first?.seed ?? 0 }).crashes).toEqual([{ ...first, matches: 1 }]);
  });

  it.each([
    [
      "an odd result",
      gameWith({ result: (s) => (s.ticksLeft > 0 ? undefined : { seats: [{ score: 1, rank: 1 }] }) }),
      "1 seats instead of 2",
    ],
    [
      "a result that nobody has won",
      gameWith({ forfeit: () => ({ seats: [2, 2].map((rank) => ({ score: 0, rank })) }) }),
      "nobody in the result has rank 1",
    ],
    [
      "a score that is not whole",
      gameWith({
        result: (s) => (s.ticksLeft > 0 ? undefined : { seats: [1, 2].map((rank) => ({ score: 0.5, rank })) }),
      }),
      "a score of 0.5",
    ],
    ["a value that does not fit its field", gameWith({ step: (s) => void (s.ticksLeft = 256) }), "ticksLeft = 256"],
  ])("counts %s as a crash", (_, game, message) => {
    expect(soaked(game).crashes[0]?.message).toContain(message);
  });

  it("calls no match rough that crashed, however many did", () => {
    const crashing = gameWith({
      step() {
        throw new Error("no such thing");
      },
    });
    const report = soaked(crashing);
    expect(report.crashes).toMatchObject([{ message: expect.stringContaining("no such thing"), matches: 200 }]);
    expect([report.rough, report.counted]).toEqual([0, 0]);
    expect(
      soakText(report, 1, String)
        .split("\n")
        .filter((line) => line.includes("no such thing")),
    ).toHaveLength(1);
    expect(soakText(report, 0, String)).toContain("rough    0 more matches");
    const passing = soaked(good);
    expect(passing.rough).toBe(200 - passing.counted);
    expect(passing.rough).toBeGreaterThan(0);
  });

  it("finds matches without end", () => {
    const report = soaked(gameWith({ result: () => undefined, step: (s) => void (s.ticksLeft = 5) }), {
      matches: 8,
      stepsMax: 500,
    });
    expect(report.endless[0]).toMatchObject({ tick: 500 });
    expect(report.problems[0]).toMatch(/did not end/);
  });

  it("finds a seat that wins more than its share, and does not where chance may be the reason", () => {
    const ahead = gameWith({
      init(s) {
        s.ticksLeft = 60;
        (s.players[1] as { bonus: number }).bonus = 20;
      },
    });
    expect(soaked(ahead).problems).toEqual([
      expect.stringMatching(/^seat 0 wins/),
      expect.stringMatching(/^seat 1 wins .* for certain$/),
    ]);
    expect(soaked(ahead, { biasMaxPoints: 50 }).problems).toEqual([]);
    expect(soaked(ahead, { matches: 5 }).problems).toEqual([]);
    const [a, b] = soaked(good).seats;
    expect((a?.percent ?? 0) + (b?.percent ?? 0)).toBeCloseTo(100);
    expect(a?.low).toBeLessThan(50);
    expect(a?.high).toBeGreaterThan(50);
  });

  it("counts draws, and fails where there are more than asked for", () => {
    const drawn = gameWith({
      result: (s) => (s.ticksLeft > 0 ? undefined : { seats: [1, 1].map((rank) => ({ score: 0, rank })) }),
    });
    expect(soaked(drawn)).toMatchObject({ problems: [], draws: soaked(drawn).counted });
    expect(soaked(drawn, { drawsMaxPercent: 20 }).problems).toEqual(["100.0 % of the matches are draws"]);
  });
});

describe("pnpm soak", () => {
  it("ends with 0 for a game that passes, and 1 for one that does not", () => {
    expect(run("test/good-game.ts", "--matches", "20")).toMatchObject({
      code: 0,
      said: expect.stringMatching(/\nok\n$/),
    });
    const drawn = run("test/good-game.ts", "--matches", "20", "--steps", "10", "--json");
    expect(drawn.code).toBe(1);
    expect((JSON.parse(drawn.said) as SoakReport).endless.length).toBeGreaterThan(0);
  });

  it("says that nobody ever wins, and for each fault the command that repeats it; blames no line for what no line of the game throws", () => {
    const { code, said } = run("test/drawn-game.ts", "--matches", "60", "--steps", "500");
    expect(code).toBe(1);
    expect(said).toContain("nobody ever wins: every match is a draw");
    expect(said).not.toMatch(/seat 0/);
    const [, command = ""] =
      /crashed .*: nobody in the result has rank 1: 2, 2\n +repeat: pnpm soak (.*)\n/.exec(said) ?? [];
    expect(command).toMatch(/^test\/drawn-game\.ts --steps 500 --matches 1 --seed \d+$/);
    expect(run(...command.split(" ")).said).toContain("nobody in the result has rank 1");
  });

  it("names the match whose step ends the process", () => {
    expect(run("test/exiting-game.ts")).toEqual({
      code: 1,
      said: expect.stringMatching(
        /the game ends its process in the step to tick 1 of the match with seed 1: pnpm soak test/,
      ),
    });
  });

  it("names the match whose step never returns, and ends", () => {
    const { code, said } = run("test/stuck-game.ts", "--step-seconds", "1");
    expect(said).toMatch(/the step to tick 1 of the match with seed 1 has not returned/);
    expect(code).not.toBe(0);
  });

  it("refuses a game that is not there, and options that are none", () => {
    expect(run("nothing")).toMatchObject({ code: 2, said: expect.stringContaining("there are duel, four") });
    for (const words of [
      [],
      ["duel", "--matches", "many"],
      ["duel", "--players", "none"],
      ["duel", "--option", "rounds"],
    ])
      expect(run(...words).code, words.join(" ")).toBe(2);
  });
});
