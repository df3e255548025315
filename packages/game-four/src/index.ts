export { fourBot } from "./bot.ts";
export { COLUMNS, four, type FourInput, type FourState, open, ROWS } from "./four.ts";
