// What a schema says of a game's board and inputs.
import { duel } from "@muster/game-duel";
import { four } from "@muster/game-four";
import { flag, int, list, uint } from "@muster/game-kit";
import { expect, it } from "vitest";
import { bindingsOf, emptyInput, keysOf, movesOf, placesOf, shareOf } from "./derived.ts";

it("finds what has a place, and what says that it is in use", () => {
  expect(placesOf(duel.state).map(({ list: name, x, y, inUse }) => [name, x, y, inUse])).toEqual([
    ["ships", "x", "y", undefined],
    ["bullets", "x", "y", "live"],
  ]);
  expect(placesOf(four.state)).toEqual([]);
  const runners = { runners: list(2, { speed: uint(4), far: uint(16, { movesBy: "speed" }) }) };
  expect(placesOf(runners)).toEqual([{ list: "runners", x: "far", y: undefined, inUse: undefined }]);
});

it("gives every flag a key of its own, the usual one where its name has one", () => {
  const keys = keysOf({ jump: flag(), left: flag(), Right: flag(), thrust: flag(), up: flag(), power: uint(3) });
  expect([...keys].map(([name, { codes }]) => [name, codes[0]])).toEqual([
    ["left", "ArrowLeft"],
    ["Right", "ArrowRight"],
    ["thrust", "ArrowUp"],
    ["jump", "Space"],
    ["up", "KeyE"],
  ]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`flag${i}`, flag()]));
  const bindings = Object.values(bindingsOf(many));
  expect(bindings).toHaveLength(20); // those without a key have their button
  const codes = bindings.flatMap((one) => one.keys);
  expect(new Set(codes).size).toBe(codes.length);
});

it("offers each move where there are few, and none where there are many or lists", () => {
  expect(movesOf({ take: uint(2) })).toEqual([{ take: 0 }, { take: 1 }, { take: 2 }, { take: 3 }]);
  expect(movesOf({ column: uint(3), double: flag() })).toHaveLength(16);
  expect(movesOf({ bid: uint(16) })).toBeUndefined();
  expect(movesOf({ x: uint(4), y: uint(4) })).toBeUndefined();
  expect(movesOf({ cards: list(3, { card: uint(2) }) })).toBeUndefined();
});

it("measures a value within its field, also below zero", () => {
  expect([shareOf(uint(8), 0), shareOf(uint(8), 255), shareOf(int(8), -128), shareOf(int(8), 127)]).toEqual([
    0, 1, 0, 1,
  ]);
  expect(shareOf(flag(), true)).toBe(0.5);
});

it("makes an input of nothing in the input's form", () => {
  const input = { fire: flag(), power: uint(3), cards: list(2, { card: uint(2) }) };
  expect(emptyInput(input)).toEqual({ fire: false, power: 0, cards: [{ card: 0 }, { card: 0 }] });
});
