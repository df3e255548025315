import { type Fields, type Game, list, uint } from "@muster/game-kit";
import { createLogger } from "@muster/log";
import { expect, it } from "vitest";
import { gameBuilds } from "./game-builds.ts";

const never = (): never => {
  throw new Error("nobody plays it");
};

const gameOf = (id: string, fields: number): Game => {
  const state: Fields = Object.fromEntries(
    Array.from({ length: fields }, (_, i) => [`field${i}`, list(2, { value: uint(8) })]),
  );
  const rules = { init: never, step: never, result: never, forfeit: never };
  const declared = { tickRate: 30, seatsMin: 1, seatsMax: 1, inputMode: "held", ...rules };
  return { id, buildId: `${id}-1`, state, input: { go: uint(1) }, ...declared } as unknown as Game;
};

it("a game whose layout is too large for the registration is registered without it, and takes no other's room", () => {
  const games = [gameOf("huge", 1000), ...Array.from({ length: 63 }, (_, i) => gameOf(`game-${i}`, 100))];
  const builds = gameBuilds(new Map(games.map((game) => [game.id, game])), createLogger("test", "silent"));
  expect(builds).toHaveLength(64);
  expect(builds[0]).toEqual({ gameId: "huge", buildId: "huge-1", descriptionJson: "" });
  expect(builds[1]?.descriptionJson).toContain('"gameId":"game-0"');
  const bytes = builds.map(({ descriptionJson }) => Buffer.byteLength(descriptionJson));
  expect(bytes.reduce((a, b) => a + b)).toBeLessThan(200_000);
});
