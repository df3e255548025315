// The games of tests: one that can be played, and one that runs away.
import { duel } from "@muster/game-duel";
import { type Game, uint } from "@muster/game-kit";

export const LOOPS = 1;
export const ALLOCATES = 2;

const state = { ticks: uint(16) };
const kept: unknown[] = [];

const runaway: Game<typeof state, Record<string, never>> = {
  id: "runaway",
  buildId: "1",
  tickRate: 30,
  seatsMin: 2,
  seatsMax: 2,
  state,
  input: {},
  inputMode: "held",
  options: { how: { default: LOOPS, min: LOOPS, max: ALLOCATES } },
  init() {},
  step(_state, _inputs, { options }) {
    if (options["how"] === LOOPS) for (;;);
    for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
  },
  result: () => undefined,
  forfeit: () => ({ seats: [] }),
};

export const BUILDS: readonly Game[] = [duel as unknown as Game, runaway as unknown as Game];
