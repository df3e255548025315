// The parts that can be mutated, and the tests that must detect the mutants. Tests with a database run for every mutant that
// they cover, which takes seconds each.
export interface Part {
  readonly mutate: readonly string[];
  /** Of a file: the functions that are mutated, where not all are. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
  readonly tests: readonly string[];
}

export const PARTS: Readonly<Record<string, Part>> = {
  ratings: {
    mutate: ["services/rating-service/src/rate-match.ts"],
    tests: ["services/rating-service/src/rate-match.test.ts"],
  },
  results: {
    mutate: ["services/shard/src/match/results.ts", "services/match-service/src/outcomes.ts"],
    tests: ["services/shard/src/match/results.test.ts", "services/match-service/src/rpc.db.test.ts"],
  },
  // A sample, for every mutant takes a database: what decides on rotation, reuse, the grace time and the end of sessions. Left out are
  // how tokens are made and signed, and most of the SQL.
  sessions: {
    mutate: ["services/identity-service/src/sessions.ts", "services/identity-service/src/store/sessions.ts"],
    only: {
      "services/identity-service/src/sessions.ts": ["repeat", "refresh", "close", "isOpen", "endReused"],
      "services/identity-service/src/store/sessions.ts": ["revokeFamilies"],
    },
    tests: ["services/identity-service/src/sessions.db.test.ts"],
  },
  takeover: {
    mutate: [
      "services/realtime-gateway/src/matches/takeover.ts",
      "services/realtime-gateway/src/matches/takeover-question.ts",
      "services/realtime-gateway/src/matches/takeover-spectators.ts",
      "services/matchmaker/src/failover.ts",
      "services/shard/src/takeover/takeovers.ts",
    ],
    tests: [
      "services/realtime-gateway/src/matches/takeover.test.ts",
      "services/realtime-gateway/src/matches/takeover-cases.test.ts",
      "services/matchmaker/src/failover.test.ts",
      "services/shard/src/takeover/takeovers.test.ts",
    ],
  },
};
