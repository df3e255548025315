// Reports to the matchmaker which seats are held and which are free again. A player holds at most one seat in the whole
// system, and only the shards know which seats are held.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ShardSessionRequestSchema } from "@muster/contracts/matchmaking/v2";
import { must } from "@muster/errors";
import type { MatchOutcome } from "./match-spec.ts";
import { earlyLeaversOf, leftEarly, noShowsOf } from "./attendance.ts";
import type { Match } from "./match.ts";
import { leftOf } from "./seat.ts";

type ToMatchmaker = MessageInitShape<typeof ShardSessionRequestSchema>;

/** The contract's limit for one message. */
const MATCHES_PER_MESSAGE_MAX = 200;

export class SeatReports {
  /** Undefined while there is no session; a new session reports everything again. */
  #send: ((message: ToMatchmaker) => void) | undefined;
  readonly #allocatedAt = new WeakMap<Match, number>();
  /** Their players had all come. */
  readonly #begun = new WeakSet<Match>();
  readonly #playedAfterMs: number;

  /** `playedAfterMs`: who leaves a match before has not played it. */
  constructor(playedAfterMs: number) {
    this.#playedAfterMs = playedAfterMs;
  }

  /** A session with the matchmaker, who may know nothing. */
  open(send: (message: ToMatchmaker) => void, matches: readonly Match[]): void {
    this.#send = send;
    for (let from = 0; from === 0 || from < matches.length; from += MATCHES_PER_MESSAGE_MAX) {
      const part = matches.slice(from, from + MATCHES_PER_MESSAGE_MAX).map((match) => this.#held(match));
      const complete = from + MATCHES_PER_MESSAGE_MAX >= matches.length;
      send({ message: { case: "held", value: { matches: part, complete } } });
    }
  }

  close(): void {
    this.#send = undefined;
  }

  /** The matchmaker knows; its players have been told, or will be now. */
  allocated(match: Match): void {
    this.#allocatedAt.set(match, performance.now());
  }

  /** Another shard held it until now. */
  takenOver(match: Match): void {
    this.#send?.({ message: { case: "held", value: { matches: [this.#held(match)] } } });
  }

  /** Before any of its states is shown. */
  begun(match: Match): void {
    if (this.#begun.has(match)) return;
    this.#begun.add(match);
    this.#send?.({ message: { case: "begun", value: { matchId: match.spec.matchId } } });
  }

  left(match: Match, seat: number): void {
    const early = leftEarly(must(match.seats[seat], "a seat of the match"), this.#playedAfterMs);
    const value = { matchId: match.spec.matchId, seats: [seat], leftEarly: early ? [seat] : [] };
    this.#send?.({ message: { case: "freed", value } });
  }

  over(match: Match, outcome: MatchOutcome): void {
    const { matchId } = match.spec;
    // Nobody can say who would have come to a match that was moved.
    const allocatedAt = this.#allocatedAt.get(match);
    const noShow = outcome.kind === "cancelled" && outcome.reason === "no_show" && allocatedAt !== undefined;
    const noShows = noShow ? noShowsOf(match.seats, performance.now() - allocatedAt) : [];
    const begun = this.#begun.has(match);
    const early = begun ? earlyLeaversOf(match.seats, outcome, this.#playedAfterMs) : [];
    const value = { matchId, over: true, noShows, played: outcome.kind === "ended", leftEarly: early };
    this.#send?.({ message: { case: "freed", value } });
  }

  /** It could not be taken over. */
  lost(matchId: string): void {
    this.#send?.({ message: { case: "freed", value: { matchId, over: true } } });
  }

  #held(match: Match) {
    return { ...heldMatch(match), begun: this.#begun.has(match) || match.ticks > 0 };
  }
}

function heldMatch({ spec, seats: taken }: Match) {
  const seats = spec.players.map(({ playerId, playerName, bot = "" }, seat) => ({ seat, playerId, playerName, bot }));
  return {
    matchId: spec.matchId,
    epoch: spec.epoch,
    mode: spec.mode,
    gameId: spec.game.id,
    seats,
    left: leftOf(taken),
  };
}
