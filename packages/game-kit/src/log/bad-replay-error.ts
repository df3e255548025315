/** The log does not fit the game: it is from another build, or damaged. */
export class BadReplayError extends Error {
  override readonly name = "BadReplayError";
}
