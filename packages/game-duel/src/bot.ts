import { angleOf } from "@muster/game-kit";
import type { DuelInput, DuelState } from "./duel.ts";

/** Flies at the other ship and fires when it is ahead. Deterministic: for smoke tests, load tests and practice. */
export function duelBot(s: DuelState, seat: number): DuelInput {
  const [me, other] = [s.ships[seat], s.ships[1 - seat]];
  if (!me || !other) return { left: false, right: false, thrust: false, fire: false };
  const dx = ((other.x - me.x) << 16) >> 16;
  const dy = ((other.y - me.y) << 16) >> 16;
  const wanted = angleOf(dx >> 1, dy >> 1);
  const turn = ((wanted - me.angle) << 24) >> 24;
  const close = Math.abs(dx) + Math.abs(dy) < 16_000;
  return { left: turn < -3, right: turn > 3, thrust: !close && Math.abs(turn) < 40, fire: Math.abs(turn) < 8 };
}
