// Two ships on a torus: turn, thrust, fire. A match is a best-of series of rounds of fixed length, so it lasts between
// (rounds/2 + 1) and `rounds` round lengths: with the defaults, 60 to 90 seconds.
import { cos, type Game, type GameContext, type GameResult, sin } from "@muster/game-kit";
import { duelBot } from "./bot.ts";
import {
  ARENA,
  type Bullet,
  BULLET_SPEED,
  BULLETS_PER_SHIP,
  type DuelInput,
  type DuelState,
  input,
  type Ship,
  SHIPS,
  state,
} from "./state.ts";

const TURN_PER_TICK = 4;
/** Sub-units per tick per tick, times UNIT. */
const THRUST = 28;
const SPEED_MAX = 900;
/** Part of the speed lost per tick: 1/2^6. */
const DRAG_SHIFT = 6;
const FIRE_COOLDOWN_TICKS = 8;
const BULLET_TICKS = 28;
/** Sub-units between the centres. */
const HIT_DISTANCE = 1400;
const HIT_POINTS = 3;
const RESPAWN_SAFE_TICKS = 30;
const KILL_SCORE = 3;
const HIT_SCORE = 1;

export const duel: Game<typeof state, typeof input> = {
  id: "duel",
  buildId: "duel-1",
  tickRate: 30,
  seatsMin: SHIPS,
  seatsMax: SHIPS,
  state,
  input,
  inputMode: "held",
  bots: { ace: duelBot },
  options: {
    rounds: { default: 3, min: 1, max: 9 },
    roundTicks: { default: 900, min: 30, max: 9000 },
  },

  init(s, context) {
    startRound(s, context);
  },

  step(s, inputs, context) {
    for (let seat = 0; seat < SHIPS; seat++) steer(s, seat, inputs[seat]);
    for (let i = 0; i < s.bullets.length; i++) fly(s, i, context);
    s.roundTicksLeft--;
    if (s.roundTicksLeft > 0) return;
    endRound(s);
    if (!decided(s, context)) startRound(s, context);
  },

  result(s, context) {
    if (s.roundTicksLeft > 0 || !decided(s, context)) return undefined;
    const [a, b] = s.ships as [Ship, Ship];
    const lead = a.roundsWon - b.roundsWon || a.totalScore - b.totalScore;
    return outcome(s, lead);
  },

  forfeit(s, left) {
    return outcome(s, Number(left[1] ?? false) - Number(left[0] ?? false));
  },
};

/** `lead` above 0: the first seat is better; 0: a draw. */
function outcome(s: DuelState, lead: number): GameResult {
  const [a, b] = s.ships as [Ship, Ship];
  return {
    seats: [
      { score: a.totalScore, rank: lead >= 0 ? 1 : 2 },
      { score: b.totalScore, rank: lead <= 0 ? 1 : 2 },
    ],
  };
}

function decided(s: DuelState, { options }: GameContext): boolean {
  const needed = Math.floor((options["rounds"] as number) / 2) + 1;
  return s.round >= (options["rounds"] as number) || s.ships.some((one) => one.roundsWon >= needed);
}

function startRound(s: DuelState, context: GameContext): void {
  s.round++;
  s.roundTicksLeft = context.options["roundTicks"] as number;
  for (const one of s.bullets) clearBullet(one);
  const corner = context.random.below(ARENA);
  s.ships.forEach((one, seat) => {
    one.roundScore = 0;
    // A quarter of the torus apart, facing each other.
    spawn(one, (corner + seat * (ARENA / 4)) & (ARENA - 1), ARENA / 2, seat * 128);
  });
}

function endRound(s: DuelState): void {
  const [a, b] = s.ships as [Ship, Ship];
  if (a.roundScore > b.roundScore) a.roundsWon++;
  if (b.roundScore > a.roundScore) b.roundsWon++;
}

function spawn(one: Ship, x: number, y: number, angle: number): void {
  one.x = x;
  one.y = y;
  one.vx = 0;
  one.vy = 0;
  one.angle = angle;
  one.hitPoints = HIT_POINTS;
  one.cooldown = 0;
  one.safeTicks = RESPAWN_SAFE_TICKS;
}

function steer(s: DuelState, seat: number, held: DuelInput | undefined): void {
  const one = s.ships[seat] as Ship;
  if (held?.left) one.angle = (one.angle - TURN_PER_TICK) & 255;
  if (held?.right) one.angle = (one.angle + TURN_PER_TICK) & 255;
  const thrust = held?.thrust ? THRUST : 0;
  one.vx = speed(one.vx, (cos(one.angle) * thrust) >> 14);
  one.vy = speed(one.vy, (sin(one.angle) * thrust) >> 14);
  one.x = (one.x + one.vx) & (ARENA - 1);
  one.y = (one.y + one.vy) & (ARENA - 1);
  if (one.safeTicks > 0) one.safeTicks--;
  if (one.cooldown > 0) one.cooldown--;
  else if (held?.fire) fire(s, seat, one);
}

function speed(v: number, push: number): number {
  const slowed = v + push - ((v + (v < 0 ? (1 << DRAG_SHIFT) - 1 : 0)) >> DRAG_SHIFT);
  return Math.max(-SPEED_MAX, Math.min(SPEED_MAX, slowed));
}

function fire(s: DuelState, seat: number, from: Ship): void {
  for (let i = 0; i < BULLETS_PER_SHIP; i++) {
    const one = s.bullets[seat * BULLETS_PER_SHIP + i] as Bullet;
    if (one.live) continue;
    one.live = true;
    one.x = from.x;
    one.y = from.y;
    one.vx = from.vx + ((cos(from.angle) * BULLET_SPEED) >> 14);
    one.vy = from.vy + ((sin(from.angle) * BULLET_SPEED) >> 14);
    one.ticksLeft = BULLET_TICKS;
    from.cooldown = FIRE_COOLDOWN_TICKS;
    return;
  }
}

function fly(s: DuelState, index: number, context: GameContext): void {
  const one = s.bullets[index] as Bullet;
  if (!one.live) return;
  one.x = (one.x + one.vx) & (ARENA - 1);
  one.y = (one.y + one.vy) & (ARENA - 1);
  one.ticksLeft--;
  const seat = index < BULLETS_PER_SHIP ? 0 : 1;
  const target = s.ships[1 - seat] as Ship;
  if (target.safeTicks === 0 && near(one, target)) {
    hit(s.ships[seat] as Ship, target, context);
    clearBullet(one);
  } else if (one.ticksLeft === 0) {
    clearBullet(one);
  }
}

function near(one: Bullet, target: Ship): boolean {
  const [dx, dy] = [wrapped(one.x - target.x), wrapped(one.y - target.y)];
  return dx * dx + dy * dy < HIT_DISTANCE * HIT_DISTANCE;
}

/** The shorter way around the torus, -ARENA/2 to ARENA/2 - 1. */
function wrapped(distance: number): number {
  return (distance << 16) >> 16;
}

function hit(shooter: Ship, target: Ship, { random }: GameContext): void {
  target.hitPoints--;
  const kill = target.hitPoints === 0;
  const points = kill ? KILL_SCORE : HIT_SCORE;
  shooter.roundScore = Math.min(1023, shooter.roundScore + points);
  shooter.totalScore = Math.min(4095, shooter.totalScore + points);
  if (kill) spawn(target, random.below(ARENA), random.below(ARENA), random.below(256));
}

function clearBullet(one: Bullet): void {
  one.live = false;
  one.x = 0;
  one.y = 0;
  one.vx = 0;
  one.vy = 0;
  one.ticksLeft = 0;
}
