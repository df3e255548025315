import { angleOf } from "@muster/game-kit";
import { BULLET_SPEED, type DuelInput, type DuelState } from "./state.ts";

/** Flies towards the other ship and fires when that ship is ahead. Deterministic: for smoke tests, load tests and practice. */
export function duelBot(s: DuelState, seat: number): DuelInput {
  const [me, other] = [s.ships[seat], s.ships[1 - seat]];
  if (!me || !other) return { left: false, right: false, thrust: false, fire: false };
  const away = Math.abs(wrapped(other.x - me.x)) + Math.abs(wrapped(other.y - me.y));
  // The position of the other ship when a bullet could reach it, relative to our own moving ship.
  const ticks = Math.min(28, Math.floor(away / BULLET_SPEED));
  const dx = wrapped(other.x - me.x + (other.vx - me.vx) * ticks);
  const dy = wrapped(other.y - me.y + (other.vy - me.vy) * ticks);
  const wanted = angleOf(dx >> 1, dy >> 1);
  const turn = ((wanted - me.angle) << 24) >> 24;
  return { left: turn < -2, right: turn > 2, thrust: away > 12_000 && Math.abs(turn) < 40, fire: Math.abs(turn) < 6 };
}

/** The shorter way around the torus. */
function wrapped(distance: number): number {
  return (distance << 16) >> 16;
}
