/** The log does not fit the game: another build, or damage. */
export class BadReplayError extends Error {
  override readonly name = "BadReplayError";
}
