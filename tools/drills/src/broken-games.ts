// A game that breaks its own match, in every way in which a game can.
import { type Game, uint } from "@muster/game-kit";

export const LOOPS = 1;
export const ALLOCATES = 2;
export const SLOW = 3;
export const THROWS = 4;

const AT_TICK = 60;
/** Above the budget for a step (100 ms), below what counts as never coming back (200). */
const SLOW_MS = 130;

const state = { ticks: uint(16) };
const input = { unused: uint(1) };
const kept: unknown[] = [];

export const broken: Game<typeof state, typeof input> = {
  id: "broken",
  buildId: "broken-1",
  tickRate: 30,
  seatsMin: 2,
  seatsMax: 2,
  state,
  input,
  inputMode: "held",
  options: { how: { default: LOOPS, min: LOOPS, max: THROWS } },
  init() {},
  step(s, _, { options }) {
    s.ticks++;
    if (s.ticks < AT_TICK) return;
    const { how } = options;
    if (how === LOOPS) for (;;);
    if (how === ALLOCATES) for (;;) kept.push(Array.from({ length: 1000 }, () => s.ticks));
    if (how === SLOW) for (const until = performance.now() + SLOW_MS; performance.now() < until; );
    if (how === THROWS) throw new Error("a bug in the game");
  },
  result: () => undefined,
  forfeit: () => ({
    seats: [
      { score: 0, rank: 1 },
      { score: 0, rank: 1 },
    ],
  }),
};

export const BROKEN_GAMES: ReadonlyMap<string, Game> = new Map([["broken", broken as unknown as Game]]);
