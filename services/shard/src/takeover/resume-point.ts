// Where a match from another shard continues: after the last record of its input log.
import { SnapshotDecoder } from "@muster/game-kit";
import type { MatchSpec } from "../match/match-spec.ts";

export interface ResumePoint {
  /** Every record up to here. */
  readonly log: Uint8Array;
  /** Low 16 bits of the state hash after the last record. */
  readonly checksum: number;
  /** A state on the way there; without one the whole log is simulated again. */
  readonly keyframe?: Uint8Array | undefined;
  /** How many records each gateway has already. */
  readonly recordsByGateway: ReadonlyMap<string, number>;
}

/** For a match of which nothing was played: it starts from its seed. */
export const MATCH_START: ResumePoint = {
  log: new Uint8Array(0),
  checksum: 0,
  keyframe: undefined,
  recordsByGateway: new Map(),
};

/** What a keyframe shows. @throws MalformedBitsError */
export function stateOf({ game }: MatchSpec, keyframe: Uint8Array): { tick: number; words: Int32Array } | undefined {
  if (game.redact) return undefined; // it is not the whole state
  const decoder = new SnapshotDecoder(game);
  decoder.apply(keyframe);
  return { tick: decoder.tick, words: decoder.words };
}

/** The log leads to another state than its replicas saw. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}
