import type { Game } from "@muster/game-kit";
import { GAMES } from "@muster/modes";
import { describe, expect, it } from "vitest";
import { gameWith, good } from "../../test/games.ts";
import type { SeatOrder, TickRecord } from "./messages.ts";
import { SteeredInspection } from "./steered-inspection.ts";

const CHANCE: SeatOrder = { control: "chance", values: undefined };
const inspected = (game: Game): SteeredInspection =>
  new SteeredInspection(game, { seed: 1, seats: undefined, options: {} });

describe("a steered inspection", () => {
  it.each([...GAMES.values()].map((game) => [game.id, game] as const))(
    "of %s goes the same way again from an earlier tick, with clients that have what the match has",
    (_, game) => {
      const inspection = inspected(game);
      const orders = Array.from({ length: game.seatsMax }, () => CHANCE);
      const ticks: TickRecord[] = [inspection.first];
      for (let i = 0; i < 40 && !ticks.at(-1)?.over; i++) ticks.push(inspection.step(orders, true) as TickRecord);
      expect(ticks.flatMap(({ problems }) => problems)).toEqual([]);
      expect(ticks.every(({ seen }) => seen.every(({ same }) => same))).toBe(true);

      const from = ticks[5] as TickRecord;
      inspection.goTo(from.moment);
      expect(inspection.first).toMatchObject({ tick: from.tick, hash: from.hash });
      for (const tick of ticks.slice(6)) {
        const again = inspection.step(orders, true);
        expect(again).toMatchObject({ tick: tick.tick, hash: tick.hash, sent: tick.sent, problems: [] });
        expect(again?.moment.acks).toEqual(tick.moment.acks);
      }
    },
  );

  it("plays the match again from where it was taken up, and says where it is another one", () => {
    let steps = 0;
    const game = gameWith({
      step(s, inputs, context) {
        good.step(s, inputs, context);
        if (s.ticksLeft < 10) (s.players[0] as { bonus: number }).bonus = Math.min(255, steps++ >> 1);
      },
    });
    for (const from of [0, 20]) {
      const inspection = inspected(game as unknown as Game);
      const until = (tick: number): TickRecord => {
        let record = inspection.first;
        while (record.tick < tick && !record.over) record = inspection.step([], true) as TickRecord;
        return record;
      };
      if (from > 0) inspection.goTo(until(from).moment);
      const kinds = until(60).problems.map(({ kind, message }) => (kind === "replay" ? message : kind));
      expect(kinds.at(-1)).toMatch(/the match is another one from tick 51 on/);
    }
  });

  it("makes no step of a game of turns while nobody moves, and applies a move that the rules do not allow, as a shard does", () => {
    const inspection = inspected(GAMES.get("four") as Game);
    const nobody: SeatOrder = { control: "nobody", values: undefined };
    expect(inspection.step([nobody, nobody], false)).toBeUndefined();
    const move: SeatOrder = { control: "person", values: { column: 3 } };
    expect(inspection.step([nobody, move], false)).toMatchObject({ refused: [1], inputs: [undefined, { column: 3 }] });
    expect(inspection.step([move, nobody], false)).toMatchObject({ refused: [], tick: 2 });
  });
});
