import { Simulation } from "@muster/game-kit";
import { checkGame } from "@muster/game-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { duelBot } from "./bot.ts";
import { duel } from "./duel.ts";

type Duel = Simulation<typeof duel.state, typeof duel.input>;

function newDuel(seed: number, options = {}): Duel {
  return new Simulation(duel, { seed, seats: 2, options, checked: true });
}

describe("the duel", () => {
  it("uses nothing that differs between machines", async () => {
    const { problems, hashes } = await checkGame(import.meta.resolve("./duel.ts"), "duel");
    expect(problems).toEqual([]);
    // Fixed once: another engine, or a change of the rules without a new build id, shows here.
    expect(hashes).toMatchInlineSnapshot(`
      [
        "8e3c6760",
        "64aa6fb2",
        "61b42b60",
        "ed6cc2a6",
      ]
    `);
  });

  it("gives the same state for the same seed and inputs, and another for others", () => {
    const inputs = fc.array(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 15 })), {
      minLength: 1,
      maxLength: 200,
    });
    const run = (seed: number, moves: readonly [number, number][]): string => {
      const simulation = newDuel(seed);
      for (const [a, b] of moves) {
        simulation.setInput(0, Uint8Array.of(a));
        simulation.setInput(1, Uint8Array.of(b));
        simulation.step();
      }
      return simulation.hash();
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), inputs, (seed, moves) => {
        expect(run(seed, moves)).toBe(run(seed, moves));
        expect(run(seed, moves)).not.toBe(run(seed ^ 1, moves));
      }),
      { numRuns: 50 },
    );
  });

  it("ends after 60 to 90 seconds, with a winner when one of two is better", () => {
    for (let seed = 0; seed < 12; seed++) {
      const simulation = newDuel(seed);
      let result: ReturnType<Duel["step"]>;
      while (!result) {
        simulation.setInput(0, simulation.input.encode(duelBot(simulation.state, 0)));
        simulation.setInput(1, simulation.input.encode({ left: true, right: false, thrust: true, fire: false }));
        result = simulation.step();
      }
      const seconds = simulation.tick / duel.tickRate;
      expect(seconds).toBeGreaterThanOrEqual(60);
      expect(seconds).toBeLessThanOrEqual(90);
      expect(result.seats.map((seat) => seat.rank)).toEqual([1, 2]);
    }
  });

  it("is a draw when nobody does anything", () => {
    const simulation = newDuel(3, { rounds: 1, roundTicks: 30 });
    let result: ReturnType<Duel["step"]>;
    while (!result) result = simulation.step();
    expect(simulation.tick).toBe(30);
    expect(result.seats).toEqual([
      { score: 0, rank: 1 },
      { score: 0, rank: 1 },
    ]);
  });

  it("goes to the one who stays when the other forfeits, and to nobody when both leave", () => {
    const simulation = newDuel(3);
    expect(simulation.forfeit([true, false]).seats.map((seat) => seat.rank)).toEqual([2, 1]);
    expect(simulation.forfeit([true, true]).seats.map((seat) => seat.rank)).toEqual([1, 1]);
  });

  it("takes no options that it does not know or that are out of bounds", () => {
    expect(() => newDuel(1, { rounds: 0 })).toThrow(RangeError);
    expect(() => newDuel(1, { lives: 3 })).toThrow(/no option lives/);
  });
});
