// One match: seats, simulation, snapshots, end. It knows links and time only through what it is given.
import { InputLog, LogPlayer, Simulation, SnapshotEncoder } from "@muster/game-kit";
import { MATCH_LOG_BYTES_MAX } from "@muster/realtime";
import { Audience, type Link, type Session } from "./audience.ts";
import { DivergedError, type Inheritance, type MatchOutcome, type MatchSpec, type MatchTimes } from "./match-spec.ts";
import { type InputLimits, type InputRefusal, SeatInputs } from "./inputs.ts";

export interface MatchOwner {
  /** All players are here: tick it. */
  onStart(match: Match): void;
  /** An input for a game without a clock: tick it once. */
  onTurn(match: Match): void;
  /** Called once. */
  onOver(match: Match, outcome: MatchOutcome): void;
  /** A linked gateway that does not carry this match yet, for its log. */
  witness(match: Match): Link | undefined;
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

/** An end that another shard came to: players take their seats first, to hear of it. */
const TELL_END_AFTER_MS = 200;
const NO_DELTA = new Uint8Array(0);
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
  readonly #player: LogPlayer;
  readonly #log: InputLog;
  /** Records that gateways had before they were linked to this match. */
  readonly #held: ReadonlyMap<string, number>;
  readonly #encoder: SnapshotEncoder;
  readonly #acks: Uint32Array;
  readonly #seats: readonly Seat[];
  readonly #audience = new Audience();
  #state: "gathering" | "running" | "moving" | "over" = "gathering";
  #joinTimer: NodeJS.Timeout | undefined;

  /** @throws whatever the game throws; BadReplayError and DivergedError for a log that is not this match's. */
  constructor(spec: MatchSpec, channel: number, times: MatchTimes, owner: MatchOwner, inherited?: Inheritance) {
    this.spec = spec;
    this.channel = channel;
    this.tickRate = spec.game.tickRate;
    this.#times = times;
    this.#owner = owner;
    const seats = spec.players.length;
    this.#simulation = new Simulation(spec.game, { seed: spec.seed, seats, options: spec.options });
    this.#player = new LogPlayer(this.#simulation);
    this.#log = inherited ? InputLog.of(inherited.log, MATCH_LOG_BYTES_MAX) : new InputLog(MATCH_LOG_BYTES_MAX);
    this.#held = inherited?.held ?? new Map();
    for (const record of this.#log) this.#player.play(record);
    if (inherited && this.#log.records > 0 && this.#simulation.check() !== inherited.check)
      throw new DivergedError(`the log of ${this.#log.records} records leads to another state than the players saw`);
    this.#acks = this.#player.seqs.slice();
    this.#encoder = new SnapshotEncoder(this.#simulation.layout, seats);
    this.#encoder.rebase(this.#simulation.words, this.#acks);
    this.#seats = spec.players.map(({ playerId }, seat) => ({
      playerId,
      inputs: new SeatInputs(this.#simulation.input, INPUT_LIMITS, this.#acks[seat]),
      session: undefined,
      joinedBefore: this.#log.records > 0,
      left: this.#player.left[seat] as boolean,
      graceTimer: undefined,
    }));
    this.#joinTimer =
      this.#log.records > 0
        ? undefined
        : setTimeout(() => this.#over({ kind: "cancelled", reason: "no_show" }), times.joinWithinMs);
  }

  /** Goes on behind an inherited log: nobody is here yet, and everybody has the grace period to come. */
  resume(): void {
    const { result, ended } = this.#player;
    if (result && ended) {
      // It had ended, and its result may be lost: stored from here, and told to those who come back for it.
      this.#state = "running";
      const outcome: MatchOutcome = { kind: "ended", reason: ended, result };
      this.#joinTimer = setTimeout(() => this.#over(outcome), TELL_END_AFTER_MS);
      return;
    }
    if (this.#log.records === 0) return; // it never began: its players gather here
    for (const seat of this.#seats)
      if (!seat.left) seat.graceTimer = setTimeout(() => this.#giveUp(seat), this.#times.graceMs);
    this.#start();
  }

  get ticks(): number {
    return this.#simulation.tick;
  }

  /** The input log so far; undefined when it outgrew its limit. Valid until the next tick. */
  get log(): Uint8Array | undefined {
    return this.#log.complete ? this.#log.bytes : undefined;
  }

  get stateHash(): string {
    return this.#simulation.hash();
  }

  /** @returns why not; a new socket of the same player takes the seat over from the old one. */
  join(seatNumber: number, playerId: string, session: Session): "seat_ticket_foreign" | "match_over" | undefined {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.playerId !== playerId) return "seat_ticket_foreign";
    if (this.#state === "over" || this.#state === "moving" || seat.left) return "match_over";
    const resumed = seat.joinedBefore;
    if (seat.session) {
      seat.session.link.control({ message: { case: "replaced", value: { session: seat.session.id } } });
      this.#removeFromAudience(seat.session.link);
    }
    clearTimeout(seat.graceTimer);
    seat.graceTimer = undefined;
    seat.session = session;
    seat.joinedBefore = true;
    if (this.#audience.add(session.link)) this.#sendFollow(session.link, false);
    this.ensureWitness();
    this.#tellHolders();
    this.#sendJoined(seatNumber, seat, session, resumed);
    if (resumed) this.#tellSeatStatus(seatNumber, true);
    else if (this.#state === "gathering" && this.#seats.every((one) => one.joinedBefore)) this.#start();
    return undefined;
  }

  /** The socket of a seat is gone (`forfeit` false: the seat is kept for the grace period), or the player gives up. */
  leave(seatNumber: number, session: Session, forfeit: boolean): void {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.session !== session || this.#state === "over" || this.#state === "moving") return;
    seat.session = undefined;
    this.#removeFromAudience(session.link);
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
      const record = this.#player.records.finish();
      this.#log.append(record);
      const result = this.#simulation.step();
      this.#sendTick(record);
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

  /** Another shard goes on with it: nothing moves here any more, and the gateways ask where to. */
  move(): void {
    if (this.#state === "over") return;
    this.#state = "moving";
    this.#clearTimers();
    this.#audience.controlAll({ message: { case: "moving", value: { channel: this.channel } } });
  }

  /** match-service has the result: nobody needs the log any more. */
  stored(): void {
    this.#audience.controlAll({ message: { case: "stored", value: { channel: this.channel } } });
  }

  /** A link has closed. Its sessions leave one by one; here it only stops being a holder of the log. */
  unlinked(link: Link): void {
    if (!this.#audience.has(link)) return;
    this.#audience.drop(link);
    this.ensureWitness();
    this.#tellHolders();
  }

  carriedBy(link: Link): boolean {
    return this.#audience.has(link);
  }

  /** Takes a second gateway for the log where there is one. */
  ensureWitness(): void {
    if (this.#state === "over" || this.#state === "moving" || !this.#audience.wantsWitness) return;
    const link = this.#owner.witness(this);
    if (!link || this.#audience.has(link)) return;
    this.#audience.witness(link);
    this.#sendFollow(link, true);
    this.#tellHolders();
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
      const { inputs, left } = this.#seats[number] as Seat;
      if (left) continue;
      // Held: the newest due one counts. Events: each counts, one a step.
      while (inputs.due(tick)) {
        const words = inputs.take();
        this.#simulation.setInputWords(number, words);
        this.#player.records.input(number, inputs.appliedSeq, words);
        if (!held) break;
      }
      this.#acks[number] = inputs.appliedSeq;
    }
  }

  #sendTick(record: Uint8Array): void {
    const { tick, words } = this.#simulation;
    const delta = this.#encoder.delta(tick, words, this.#acks);
    this.#audience.tick(this.channel, this.#log.records, this.#simulation.check(), record, delta);
    if (tick % this.#times.keyframeEveryTicks === 0)
      this.#audience.keyframe(this.channel, this.#encoder.keyframe(tick, words, this.#acks));
  }

  /** The link gets the log so far, then every record. */
  #sendFollow(link: Link, witness: boolean): void {
    const { matchId, epoch } = this.spec;
    const afterTicks = Math.min(this.#held.get(link.gatewayId) ?? 0, this.#log.records);
    link.control({
      message: {
        case: "follow",
        value: {
          channel: this.channel,
          matchId,
          epoch,
          witness,
          afterTicks,
          log: this.#log.complete ? this.#log.bytesAfter(afterTicks).slice() : NO_DELTA,
          check: this.#simulation.check(),
        },
      },
    });
  }

  /** A gateway whose last player has gone may hold the log on, as the witness. */
  #removeFromAudience(link: Link): void {
    if (this.#audience.remove(link)) this.ensureWitness();
    this.#tellHolders();
  }

  #tellHolders(): void {
    const gatewayIds = this.#audience.holders;
    this.#audience.controlAll({ message: { case: "holders", value: { channel: this.channel, gatewayIds } } });
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
    this.#player.records.left(this.#seats.indexOf(seat));
    this.#player.left[this.#seats.indexOf(seat)] = true;
    this.#simulation.clearInput(this.#seats.indexOf(seat));
    if (left.filter((gone) => !gone).length > 1) return; // the others play on; the next record tells
    // No step follows: this record is the last, and says how it ended.
    const record = this.#player.records.finish();
    this.#log.append(record);
    this.#audience.tick(this.channel, this.#log.records, this.#simulation.check(), record, NO_DELTA);
    this.#over({ kind: "ended", reason: "forfeit", result: this.#simulation.forfeit(left) });
  }

  #over(outcome: MatchOutcome): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#clearTimers();
    this.#audience.controlAll(endMessage(this, outcome));
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
