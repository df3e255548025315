export { good } from "./games.ts";
