export { duelBot } from "./bot.ts";
export { duel } from "./duel.ts";
export { ARENA, type DuelInput, type DuelState } from "./state.ts";
