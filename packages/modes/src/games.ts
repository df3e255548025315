// The games that a shard can run, a line each: `pnpm new:game` adds one. A game has a queue of its own name (DEFAULT_MODES).
export { duel } from "@muster/game-duel";
export { four } from "@muster/game-four";
