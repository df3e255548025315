// One match: seats, simulation, snapshots, end. It knows links and time only through what it is given.
import type { Game, GameResult } from "@muster/game-kit";
import { Simulation, SnapshotEncoder } from "@muster/game-kit";
import type { TraceContext } from "@muster/tracing";
import { Audience, type Session } from "./audience.ts";
import { type InputLimits, type InputRefusal, SeatInputs } from "./inputs.ts";

export interface MatchSpec {
  readonly matchId: string;
  readonly epoch: number;
  readonly mode: string;
  readonly game: Game;
  readonly options: Readonly<Record<string, number>>;
  readonly seed: number;
  /** By seat. */
  readonly players: readonly { readonly playerId: string; readonly playerName: string }[];
  readonly trace: TraceContext;
}

export interface MatchTimes {
  readonly joinWithinMs: number;
  readonly graceMs: number;
  readonly keyframeEveryTicks: number;
}

export type MatchOutcome =
  | { readonly kind: "ended"; readonly reason: "played" | "forfeit"; readonly result: GameResult }
  | { readonly kind: "cancelled"; readonly reason: "no_show" | "abandoned" | "fault" };

export interface MatchOwner {
  /** All players are here: tick it. */
  onStart(match: Match): void;
  /** An input for a game without a clock: tick it once. */
  onTurn(match: Match): void;
  /** Called once. */
  onOver(match: Match, outcome: MatchOutcome): void;
  onFault(match: Match, err: unknown): void;
}

interface Seat {
  readonly playerId: string;
  readonly inputs: SeatInputs;
  session: Session | undefined;
  joinedBefore: boolean;
  /** Gave up, or did not come back in time. */
  left: boolean;
  graceTimer: NodeJS.Timeout | undefined;
}

const INPUTS_WAITING_MAX = 16;
/** In ticks: one second at 30 a second. */
const INPUT_LATE_TICKS_MAX = 30;
const INPUT_EARLY_TICKS_MAX = 30;

const INPUT_LIMITS: InputLimits = {
  waitingMax: INPUTS_WAITING_MAX,
  lateTicksMax: INPUT_LATE_TICKS_MAX,
  earlyTicksMax: INPUT_EARLY_TICKS_MAX,
};

export class Match {
  readonly spec: MatchSpec;
  /** Short name on links, unique in this process. */
  readonly channel: number;
  readonly tickRate: number;
  readonly #times: MatchTimes;
  readonly #owner: MatchOwner;
  readonly #simulation: Simulation;
  readonly #encoder: SnapshotEncoder;
  readonly #acks: Uint32Array;
  readonly #seats: readonly Seat[];
  readonly #audience = new Audience();
  #state: "gathering" | "running" | "over" = "gathering";
  #joinTimer: NodeJS.Timeout | undefined;

  /** @throws whatever the game's init throws. */
  constructor(spec: MatchSpec, channel: number, times: MatchTimes, owner: MatchOwner) {
    this.spec = spec;
    this.channel = channel;
    this.tickRate = spec.game.tickRate;
    this.#times = times;
    this.#owner = owner;
    this.#simulation = new Simulation(spec.game, {
      seed: spec.seed,
      seats: spec.players.length,
      options: spec.options,
    });
    this.#encoder = new SnapshotEncoder(this.#simulation.layout, spec.players.length);
    this.#acks = new Uint32Array(spec.players.length);
    this.#encoder.rebase(this.#simulation.words, this.#acks);
    this.#seats = spec.players.map(({ playerId }) => ({
      playerId,
      inputs: new SeatInputs(this.#simulation.input, INPUT_LIMITS),
      session: undefined,
      joinedBefore: false,
      left: false,
      graceTimer: undefined,
    }));
    this.#joinTimer = setTimeout(() => this.#over({ kind: "cancelled", reason: "no_show" }), times.joinWithinMs);
  }

  get ticks(): number {
    return this.#simulation.tick;
  }

  get stateHash(): string {
    return this.#simulation.hash();
  }

  /** @returns why not; a new socket of the same player takes the seat over from the old one. */
  join(seatNumber: number, playerId: string, session: Session): "seat_ticket_foreign" | "match_over" | undefined {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.playerId !== playerId) return "seat_ticket_foreign";
    if (this.#state === "over" || seat.left) return "match_over";
    const resumed = seat.joinedBefore;
    if (seat.session) {
      seat.session.link.control({ message: { case: "replaced", value: { session: seat.session.id } } });
      this.#audience.remove(seat.session.link);
    }
    clearTimeout(seat.graceTimer);
    seat.graceTimer = undefined;
    seat.session = session;
    seat.joinedBefore = true;
    this.#audience.add(session.link);
    this.#sendJoined(seatNumber, seat, session, resumed);
    if (resumed) this.#tellSeatStatus(seatNumber, true);
    else if (this.#state === "gathering" && this.#seats.every((one) => one.joinedBefore)) this.#start();
    return undefined;
  }

  /** The socket of a seat is gone (`forfeit` false: the seat is kept for the grace period), or the player gives up. */
  leave(seatNumber: number, session: Session, forfeit: boolean): void {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.session !== session || this.#state === "over") return;
    seat.session = undefined;
    this.#audience.remove(session.link);
    if (forfeit) return this.#giveUp(seat);
    this.#tellSeatStatus(seatNumber, false);
    seat.graceTimer = setTimeout(() => this.#giveUp(seat), this.#times.graceMs);
  }

  input(seatNumber: number, seq: number, tick: number, payload: Uint8Array): InputRefusal | undefined {
    const seat = this.#seats[seatNumber];
    if (!seat || this.#state !== "running") return "not_in_match";
    const refusal = seat.inputs.accept(seq, tick, payload, this.#simulation.tick + 1);
    if (this.tickRate === 0 && refusal === undefined) this.#owner.onTurn(this);
    return refusal;
  }

  /** One step. Whatever the game throws ends this match and no other. */
  tick(): void {
    if (this.#state !== "running") return;
    try {
      this.#applyInputs();
      const result = this.#simulation.step();
      this.#sendTick();
      if (result) this.#over({ kind: "ended", reason: "played", result });
    } catch (err) {
      this.#owner.onFault(this, err);
      this.#over({ kind: "cancelled", reason: "fault" });
    }
  }

  /** Ends it without a result. */
  cancel(reason: "fault" | "abandoned"): void {
    this.#over({ kind: "cancelled", reason });
  }

  /** Forgets it without telling anyone but its own timers: it was never announced. */
  drop(): void {
    this.#state = "over";
    this.#clearTimers();
  }

  #start(): void {
    clearTimeout(this.#joinTimer);
    this.#state = "running";
    this.#owner.onStart(this);
  }

  #applyInputs(): void {
    const tick = this.#simulation.tick + 1;
    const held = this.spec.game.inputMode === "held";
    for (let number = 0; number < this.#seats.length; number++) {
      const { inputs } = this.#seats[number] as Seat;
      // Held: the newest due one counts. Events: each counts, one a step.
      while (inputs.due(tick)) {
        this.#simulation.setInputWords(number, inputs.take());
        if (!held) break;
      }
      this.#acks[number] = inputs.appliedSeq;
    }
  }

  #sendTick(): void {
    const { tick, words } = this.#simulation;
    this.#audience.delta(this.channel, this.#encoder.delta(tick, words, this.#acks));
    if (tick % this.#times.keyframeEveryTicks === 0)
      this.#audience.keyframe(this.channel, this.#encoder.keyframe(tick, words, this.#acks));
  }

  #sendJoined(seatNumber: number, seat: Seat, session: Session, resumed: boolean): void {
    const { matchId, game } = this.spec;
    session.link.control({
      message: {
        case: "joined",
        value: {
          session: session.id,
          channel: this.channel,
          matchId,
          seat: seatNumber,
          tickRate: game.tickRate,
          gameId: game.id,
          buildId: game.buildId,
          lastInputSeq: seat.inputs.lastSeq,
          resumed,
        },
      },
    });
    // Between two ticks the state is the base of the next delta: this keyframe fits it.
    session.link.keyframe(
      this.channel,
      this.#encoder.keyframe(this.#simulation.tick, this.#simulation.words, this.#acks),
    );
  }

  #tellSeatStatus(seat: number, connected: boolean): void {
    this.#audience.control({
      message: {
        case: "seatStatus",
        value: { channel: this.channel, seat, connected, graceMs: connected ? 0 : this.#times.graceMs },
      },
    });
  }

  #giveUp(seat: Seat): void {
    if (this.#state === "over") return;
    clearTimeout(seat.graceTimer);
    seat.left = true;
    if (this.#state === "gathering") return this.#over({ kind: "cancelled", reason: "no_show" });
    const left = this.#seats.map((one) => one.left);
    // A seat that is away, though not for good, counts as left when nobody else is here to win.
    if (this.#seats.every((one) => one.left || !one.session))
      return this.#over({ kind: "cancelled", reason: "abandoned" });
    if (left.filter((gone) => !gone).length > 1) return; // the others play on
    this.#over({ kind: "ended", reason: "forfeit", result: this.#simulation.forfeit(left) });
  }

  #over(outcome: MatchOutcome): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#clearTimers();
    this.#audience.control(endMessage(this, outcome));
    this.#owner.onOver(this, outcome);
  }

  #clearTimers(): void {
    clearTimeout(this.#joinTimer);
    for (const seat of this.#seats) clearTimeout(seat.graceTimer);
  }
}

function endMessage(match: Match, outcome: MatchOutcome): Parameters<Audience["control"]>[0] {
  const { channel } = match;
  if (outcome.kind === "cancelled")
    return { message: { case: "cancelled", value: { channel, reason: outcome.reason } } };
  const seats = outcome.result.seats.map(({ score, rank }) => ({ score, rank }));
  return {
    message: {
      case: "ended",
      value: { channel, reason: outcome.reason, seats, ticks: match.ticks, stateHash: match.stateHash },
    },
  };
}
