export { duelBot } from "./bot.ts";
export { ARENA, duel, type DuelInput, type DuelState } from "./duel.ts";
