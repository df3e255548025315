// A step that ends the process.
import { gameWith } from "./games.ts";

export const exiting = gameWith({ step: () => process.exit(0) });
