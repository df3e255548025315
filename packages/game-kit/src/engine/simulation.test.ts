import { describe, expect, it } from "vitest";
import type { Game, GameContext } from "../game.ts";
import { uint } from "../schema/schema.ts";
import { Simulation } from "./simulation.ts";

const state = { steps: uint(16) };
const input = { go: uint(1) };

function counting(step: (context: GameContext) => void): Game<typeof state, typeof input> {
  const seats = [{ score: 0, rank: 1 }];
  return {
    id: "counting",
    buildId: "counting-1",
    tickRate: 30,
    seatsMin: 1,
    seatsMax: 1,
    state,
    input,
    inputMode: "held",
    options: { by: { default: 1, min: 1, max: 9 } },
    init: () => undefined,
    step(s, _, context) {
      step(context);
      s.steps += context.options["by"] as number;
    },
    result: () => undefined,
    forfeit: () => ({ seats }),
  };
}

describe("a simulation", () => {
  it("has its own options, whatever the other matches of its game have", () => {
    const game = counting(() => undefined);
    const matches = [1, 7, 1, 7].map((by) => new Simulation(game, { seed: 1, seats: 1, options: { by } }));
    for (let i = 0; i < 3; i++) for (const match of matches) match.step();
    expect(matches.map((match) => match.state.steps)).toEqual([3, 21, 3, 21]);
  });

  it("does not let a game write where its other matches would read it", () => {
    const options = counting(({ options: own }) => void ((own as Record<string, number>)["by"] = 2));
    const seats = counting((context) => void ((context as { seats: number }).seats = 2));
    for (const game of [options, seats]) {
      const match = new Simulation(game, { seed: 1, seats: 1, options: {} });
      expect(() => match.step()).toThrow("read only");
    }
  });

  it.each([
    "id",
    "buildId",
    "tickRate",
    "seatsMin",
    "seatsMax",
    "state",
    "input",
    "inputMode",
    "init",
    "step",
    "result",
    "forfeit",
  ])("says what a game lacks that does not declare its %s: who only runs it sees no compiler's message", (name) => {
    const game = { ...counting(() => undefined), [name]: undefined };
    expect(() => new Simulation(game, { seed: 1, seats: 1, options: {} })).toThrow(
      `does not declare, or not rightly: ${name} (`,
    );
  });

  it("needs no options of a game that has none", () => {
    const { options: _, ...game } = counting(() => undefined);
    expect(new Simulation(game, { seed: 1, seats: 1, options: {} }).context.options).toEqual({});
    expect(() => new Simulation(game, { seed: 1, seats: 1, options: { by: 1 } })).toThrow("has no option by");
  });
});
