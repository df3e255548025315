// For tests of other packages.
export { hooks } from "./transaction.ts";
