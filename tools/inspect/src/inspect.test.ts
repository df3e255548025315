import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Game } from "@muster/game-kit";
import { inspectMatch, Inspection, type FoundProblem } from "@muster/game-kit/trial";
import { GAMES } from "@muster/modes";
import { describe, expect, it } from "vitest";
import { chance } from "../test/chance-game.ts";
import { gameWith, good, type Input, type State } from "../test/games.ts";

const source = path.join(import.meta.dirname, "../test/chance-game.ts");
const inspected = (game: Game<State, Input>): readonly FoundProblem[] =>
  inspectMatch(game as unknown as Game, { seed: 1 }).problems;

/** Where the fixture has this number in a comment. */
function lineOf(fault: number): string {
  const lines = readFileSync(source, "utf8").split("\n");
  return `${source}:${lines.findIndex((line) => line.endsWith(`// ${fault}`)) + 1}`;
}

describe("an inspection", () => {
  it.each([...GAMES.values()].map((game) => [game.id, game] as const))(
    "finds nothing in %s, and leaves the match what it is",
    (_, game) => {
      const report = inspectMatch(game, { seed: 3, ticksMax: 150 });
      expect(report.problems).toEqual([]);
      expect(report.fields.length).toBeGreaterThan(0);
      expect(inspectMatch(game, { seed: 3, ticksMax: 150 })).toEqual(report);
    },
  );

  it("names the field and the line of what came out differently, of calls that no step may make, and of what result() writes", () => {
    const found = inspected(chance);
    const has = (problem: object): void => expect(found).toContainEqual(expect.objectContaining(problem));
    has({ kind: "differs", path: "players[1].bonus", line: lineOf(1) });
    has({ kind: "calls", message: "calls Math.random", line: lineOf(1) });
    has({ kind: "differs", path: "players[0].bonus", line: lineOf(2) });
    has({ kind: "writes", path: "players[0].points", line: lineOf(3) });
    has({ kind: "replay" });
    expect(found.every(({ times, firstTick }) => times > 0 && firstTick > 0)).toBe(true);
  });

  it.each([
    ["the clock", () => Date.now() & 127, "calls Date.now"],
    ["a date", () => new Date().getTime() & 127, "calls new Date"],
    ["the monotonic clock", () => Math.floor(performance.now()) & 127, "calls performance.now"],
    ["a function that engines compute differently", () => Math.floor(Math.sin(1) * 1e17) & 127, "calls Math.sin"],
    ["random bytes", () => crypto.getRandomValues(new Uint8Array(1))[0]! & 127, "calls crypto.getRandomValues"],
  ])(
    "notices %s, though two steps follow one another within a millisecond, and puts everything back",
    (_, value, message) => {
      const before = [Date, Math.sin, performance.now, crypto.getRandomValues, globalThis.setTimeout];
      const found = inspected(
        gameWith({
          step(s, inputs, context) {
            good.step(s, inputs, context);
            (s.players[0] as { bonus: number }).bonus = value();
          },
        }),
      );
      expect(found).toContainEqual(expect.objectContaining({ kind: "calls", message }));
      expect(found).toContainEqual(expect.objectContaining({ kind: "differs", path: "players[0].bonus" }));
      expect([Date, Math.sin, performance.now, crypto.getRandomValues, globalThis.setTimeout]).toEqual(before);
    },
  );

  it("names the line that throws, and ends there", () => {
    const found = inspected(gameWith({ step: (s) => void (s.ticksLeft = 0.5) }));
    expect(found).toEqual([
      expect.objectContaining({
        kind: "throws",
        firstTick: 1,
        line: expect.stringContaining("inspect.test.ts:"),
        message: expect.stringContaining("ticksLeft = 0.5"),
      }),
    ]);
  });

  it("notices a step that changes an input, and a bot that changes the state", () => {
    const game = gameWith({
      bots: { cheat: (s) => (((s.players[0] as { points: number }).points = 200), { go: true }) },
    });
    expect(inspected(game).map(({ kind }) => kind)).toContain("writes");
    const step: Game<State, Input>["step"] = (s, inputs, context) => {
      good.step(s, inputs, context);
      if (inputs[0]) inputs[0].go = false;
    };
    expect(inspected(gameWith({ step }))).toContainEqual(
      expect.objectContaining({ kind: "writes", line: expect.stringContaining("inspect.test.ts:") }),
    );
  });

  it.each([...GAMES.values()].map((game) => [game.id, game] as const))(
    "counts the bits of %s's fields as the wire has them",
    (_, game) => {
      const inspection = new Inspection(game, { seed: 5 });
      const { layout, seats } = inspection.match.simulation;
      for (let i = 0; i < 300 && !inspection.over; i++) {
        const { bytes, bits, sent } = inspection.step();
        // Header, acknowledgements, a bit a group; a group's bit is counted with its first field.
        const fields = bits.reduce((sum, field) => sum + field.bits, 0);
        const most = 16 + 2 * seats + layout.groups.length + fields + layout.words;
        expect(bytes.delta).toBeLessThanOrEqual(Math.ceil(most / 8));
        expect(bytes.delta * 8).toBeGreaterThanOrEqual(16 + 2 * seats + fields);
        expect(bytes.inputs > 0).toBe(sent.length > 0);
      }
    },
  );
});

describe("pnpm inspect", () => {
  const run = (...words: string[]): { code: number | null; said: string } => {
    const done = spawnSync(process.execPath, [path.join(import.meta.dirname, "inspect.ts"), ...words], {
      cwd: path.join(import.meta.dirname, ".."),
      encoding: "utf8",
      timeout: 30_000,
      env: { ...process.env, INIT_CWD: undefined },
    });
    return { code: done.status, said: done.stdout + done.stderr };
  };

  it("ends with 0 for a deterministic game and with 1 for another, and names field and line", () => {
    expect(run("four", "--report")).toMatchObject({
      code: 0,
      said: expect.stringMatching(/\nok: every step ran twice/),
    });
    const { code, said } = run("test/chance-game.ts", "--report");
    expect(code).toBe(1);
    expect(said).toMatch(
      /FAIL differs: players\[1\]\.bonus is \d+, and \d+ when the same step runs again\n {5}players\[1\]\.bonus at test\/chance-game\.ts:\d+/,
    );
  });

  it.each([["--report"], []])("names the line for which no match begins (%s)", (...words) => {
    expect(run("test/stillborn-game.ts", ...words)).toEqual({
      code: 1,
      said: expect.stringMatching(/^FAIL throws: .*ticksLeft = 60.5[^]*stillborn-game\.ts:6/),
    });
  });

  it("shows one tick, and everything as JSON", () => {
    expect(run("four", "--tick", "3").said).toMatch(/^tick 3, hash [0-9a-f]{8};[^]*moves +2 → 3 +.*four\.ts:\d+$/m);
    const all = JSON.parse(run("four", "--json").said) as {
      ticks: number;
      tickList: { hash: string; state: object }[];
      hash: string;
    };
    expect(all.tickList).toHaveLength(all.ticks);
    expect(all.tickList.at(-1)?.hash).toBe(all.hash);
  });
});
