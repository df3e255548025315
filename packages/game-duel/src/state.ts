// The state and the inputs of a duel.
import { flag, int, list, type StateOf, uint } from "@muster/game-kit";

/** Side of the arena in sub-units; positions wrap around. 16 sub-units are one unit on a screen of 4,096. */
export const ARENA = 65_536;
/** Sub-units per tick. */
export const BULLET_SPEED = 1800;

export const SHIPS = 2;
export const BULLETS_PER_SHIP = 4;

const ship = {
  vx: int(11),
  vy: int(11),
  x: uint(16, { movesBy: "vx" }),
  y: uint(16, { movesBy: "vy" }),
  angle: uint(8),
  hitPoints: uint(2),
  cooldown: uint(4, { countsDown: true }),
  safeTicks: uint(6, { countsDown: true }),
  roundScore: uint(10),
  totalScore: uint(12),
  roundsWon: uint(4),
};
const bullet = {
  live: flag(),
  vx: int(13),
  vy: int(13),
  x: uint(16, { movesBy: "vx" }),
  y: uint(16, { movesBy: "vy" }),
  ticksLeft: uint(5, { countsDown: true }),
};
export const state = {
  round: uint(4),
  roundTicksLeft: uint(16, { countsDown: true }),
  ships: list(SHIPS, ship),
  bullets: list(SHIPS * BULLETS_PER_SHIP, bullet),
};
export const input = { left: flag(), right: flag(), thrust: flag(), fire: flag() };

export type DuelState = StateOf<typeof state>;
export type DuelInput = StateOf<typeof input>;
export type Ship = DuelState["ships"][number];
export type Bullet = DuelState["bullets"][number];
