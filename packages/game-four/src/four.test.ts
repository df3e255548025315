import { Simulation } from "@muster/game-kit";
import { checkGame } from "@muster/game-kit/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fourBot } from "./bot.ts";
import { four } from "./four.ts";
import { COLUMNS, open, ROWS } from "./state.ts";

type Four = Simulation<typeof four.state, typeof four.input>;

function played(...columns: number[]): { simulation: Four; result: ReturnType<Four["step"]> } {
  const simulation = new Simulation(four, { seed: 1, seats: 2, options: {}, checked: true });
  let result: ReturnType<Four["step"]>;
  for (const column of columns) {
    simulation.setInput(simulation.state.toMove, simulation.input.encode({ column }));
    result = simulation.step();
  }
  return { simulation, result };
}

const ranks = (result: ReturnType<Four["step"]>): number[] | undefined => result?.seats.map(({ rank }) => rank);

describe("four in a row", () => {
  it("uses nothing that differs between machines", async () => {
    const { problems } = await checkGame(import.meta.resolve("./four.ts"), "four");
    expect(problems).toEqual([]);
  });

  it.each([
    ["across", [0, 0, 1, 1, 2, 2, 3]],
    ["up", [3, 0, 3, 0, 3, 0, 3]],
    ["up to the right", [0, 1, 1, 2, 2, 3, 2, 3, 3, 6, 3]],
    ["up to the left", [6, 5, 5, 4, 4, 3, 4, 3, 3, 0, 3]],
    ["closed in the middle", [0, 0, 1, 1, 3, 3, 2]],
  ])("is won by four %s", (_, columns) => {
    expect(ranks(played(...columns).result)).toEqual([1, 2]);
    expect(played(...columns.slice(0, -1)).result).toBeUndefined();
  });

  it("does not count three and one around the edge of the board", () => {
    // Right-most column's upper cells and the next column's lower ones lie side by side in memory.
    expect(played(6, 0, 6, 1, 6, 2).result).toBeUndefined();
  });

  it("leaves a move out of turn, into a full column or off the board without effect", () => {
    const { simulation } = played(0, 0, 0, 0, 0, 0);
    for (const [seat, column] of [
      [1, 3],
      [0, 0],
      [0, 7],
    ] as const) {
      simulation.setInput(seat, simulation.input.encode({ column }));
      expect(simulation.step()).toBeUndefined();
    }
    expect([simulation.state.moves, simulation.state.toMove]).toEqual([6, 0]);
  });

  it("is lost by the one who lets the time for a move pass", () => {
    const { simulation } = played(3);
    expect(ranks(simulation.step())).toEqual([1, 2]);
  });

  it("goes to the one who stays when the other leaves", () => {
    const { simulation } = played();
    expect(ranks(simulation.forfeit([true, false]))).toEqual([2, 1]);
    expect(ranks(simulation.forfeit([true, true]))).toEqual([1, 1]);
  });

  it("comes to an end whatever is played, with one disc per move, in every column from the bottom", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 60, maxLength: 400 }), (columns) => {
        const simulation = new Simulation(four, { seed: 1, seats: 2, options: {}, checked: true });
        for (const column of columns) {
          simulation.setInput(simulation.state.toMove, simulation.input.encode({ column }));
          if (simulation.step()) break;
        }
        const discs = simulation.state.cells.map(({ disc }) => disc);
        expect(discs.filter((disc) => disc !== 0)).toHaveLength(simulation.state.moves);
        for (let column = 0; column < COLUMNS; column++) {
          const top = open(simulation.state, column) ?? ROWS;
          expect(discs.slice(column * ROWS + top, (column + 1) * ROWS).every((disc) => disc === 0)).toBe(true);
        }
      }),
    );
  });

  it("is played to its end by its bot", () => {
    const simulation = new Simulation(four, { seed: 1, seats: 2, options: {}, checked: true });
    for (let moves = 0; moves <= COLUMNS * ROWS; moves++) {
      const move = fourBot(simulation.state, simulation.state.toMove);
      if (!move) throw new Error("the bot knows no move");
      simulation.setInput(simulation.state.toMove, simulation.input.encode(move));
      if (simulation.step()) return;
    }
    throw new Error("no end");
  });
});
