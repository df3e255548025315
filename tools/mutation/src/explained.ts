// Mutants that live on, and why no test should kill them.
export interface Explained {
  readonly file: string;
  /** The line, trimmed. */
  readonly text: string;
  /** What the line becomes. */
  readonly replacements: readonly string[];
  readonly why: string;
}

export const EXPLAINED: readonly Explained[] = [
  {
    file: "services/shard/src/takeover/takeovers.ts",
    text: "} catch (err) {",
    replacements: ["} catch (err) {} …"],
    why: "without `return false` it returns undefined, which says the same",
  },
];
