export { fourBot } from "./bot.ts";
export { four } from "./four.ts";
export { COLUMNS, type FourInput, type FourState, open, ROWS } from "./state.ts";
