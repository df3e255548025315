import {
  type Game,
  type GameResult,
  InputLog,
  InputRecords,
  optionsFor,
  packLog,
  replayFileOf,
  Simulation,
} from "@muster/game-kit";
import { BUILDS } from "@muster/modes";
import { expect, it } from "vitest";
import { judge } from "./judge.ts";

const TICKS = 40;

/** Nobody does anything until the game is over, or all but the first leave after some ticks. */
async function idleMatch(game: Game, changes: { readonly score?: number } = {}): Promise<Uint8Array> {
  const seats = game.seatsMin;
  const options = optionsFor(game, {});
  const simulation = new Simulation(game, { seed: 5, seats, options });
  const records = new InputRecords(game, seats);
  const log = new InputLog(64 * 1024);
  let result: GameResult | undefined;
  while (!result && simulation.tick < TICKS) {
    log.append(records.finish());
    result = simulation.step();
  }
  const reason = result ? "played" : "forfeit";
  if (!result) {
    const left = Array.from({ length: seats }, (_, seat) => seat > 0);
    for (const [seat, gone] of left.entries()) if (gone) records.left(seat);
    log.append(records.finish());
    result = simulation.forfeit(left);
  }
  const header = {
    matchId: "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e",
    mode: "any",
    gameId: game.id,
    buildId: game.buildId,
    seed: 5,
    options,
    seats: result.seats.map(({ score, rank }, seat) => ({ playerId: `p${seat}`, score: changes.score ?? score, rank })),
    reason,
    ticks: simulation.tick,
    stateHash: simulation.hash(),
    createdAt: "2026-11-27T12:00:00.000Z",
    endedAt: "2026-11-27T12:03:20.000Z",
  };
  return replayFileOf(header, await packLog(log.bytes));
}

it.each(BUILDS.map((game) => [game.id, game] as const))(
  "verifies a match of %s that ends by itself or is forfeited, and finds other scores suspect",
  async (_, game) => {
    expect(await judge(await idleMatch(game), BUILDS)).toMatchObject({ verdict: "verified", reason: "same_result" });
    const wrong = await judge(await idleMatch(game, { score: -77 }), BUILDS);
    expect(wrong).toMatchObject({ verdict: "suspect", reason: "score_differs" });
    expect(wrong.detail).toContain("not -77 -77");
  },
);
