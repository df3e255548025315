// Mutants that may survive, and why no test should detect them.
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
    file: "services/identity-service/src/sessions.ts",
    text: "if (now().getTime() - rotatedAt.getTime() > options.graceS * 1000) {",
    replacements: ["if (now().getTime() - rotatedAt.getTime() >= options.graceS * 1000) {"],
    why: "to which side the last millisecond of the grace time belongs is nobody's concern",
  },
  {
    file: "services/identity-service/src/sessions.ts",
    text: "if (locked?.revoked_at === null)",
    replacements: ["if (locked.revoked_at === null)"],
    why: "there is no token only if it is deleted, as expired, between the two queries",
  },
  {
    file: "services/identity-service/src/sessions.ts",
    text: "return locked.revoked_at === null && locked.token_expires_at > now && locked.family_expires_at > now;",
    replacements: [
      "return locked.revoked_at === null && locked.token_expires_at >= now && locked.family_expires_at > now;",
      "return locked.revoked_at === null && locked.token_expires_at > now && locked.family_expires_at >= now;",
      "return locked.revoked_at === null && locked.token_expires_at > now && true;",
    ],
    why: "the last millisecond is nobody's concern; a token ends no later than its family, which is checked in case other rows come to be",
  },
  {
    file: "services/realtime-gateway/src/matches/takeover.ts",
    text: "default:",
    replacements: ["default: …"],
    why: "the case does nothing: it only has the compiler check that there is a case for every event",
  },
  {
    file: "services/realtime-gateway/src/matches/takeover.ts",
    text: 'if (watch && !watch.shown && watch.link !== link) watchAt(draft, { link, epoch: watch.epoch, hearing: "heard" });',
    replacements: [
      'if (watch && !watch.shown && watch.link !== link) watchAt(draft, { link, epoch: watch.epoch, hearing: "" });',
    ],
    why: "whether the shard is heard only counts for the link that has been asked before, and this is another one",
  },
  {
    file: "services/shard/src/takeover/takeovers.ts",
    text: "} catch (err) {",
    replacements: ["} catch (err) {} …"],
    why: "without `return false` it returns undefined, which says the same",
  },
];
