export { carryOutNext, type OrderRunnerOptions } from "./carry-out.ts";
export { type AuditLine, handleLetters, type HandlingOrder } from "./handle.ts";
export { bytesOf, type Letter, lettersOf, type LetterState } from "./letter.ts";
export { LetterView } from "./letter-view.ts";
