// Mutants that live on, and why no test should kill them.
export interface Explained {
  readonly file: string;
  /** The line, trimmed. */
  readonly text: string;
  /** What the line becomes. */
  readonly replacements: readonly string[];
  readonly why: string;
}

export const EXPLAINED: readonly Explained[] = [];
