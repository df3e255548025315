// One match: seats, simulation, snapshots, end. It knows links and time only through what it is given.
import { InputLog, type InputRecords, LogPlayer, Simulation } from "@muster/game-kit";
import { MATCH_LOG_BYTES_MAX, PUBLIC_VIEW } from "@muster/realtime";
import { Announcements } from "./match-messenger.ts";
import { Audience, type Link, type Session } from "../tick/subscribers.ts";
import { Bots } from "./bots.ts";
import type { InputRefusal } from "../tick/input-rings.ts";
import { type InputTaker, MatchInputs } from "../tick/match-inputs.ts";
import type { MatchIds, MatchOwner } from "./match-owner.ts";
import { ending, rulesOf, seatStatus } from "./match-messages.ts";
import {
  DivergedError,
  type Inheritance,
  type MatchCancelReason,
  type MatchOutcome,
  type MatchSpec,
  type MatchTimes,
  stateOf,
} from "./match-spec.ts";
import { deserted, keptMs, type Seat, seatsOf, tellIllegal } from "./seat.ts";
import { SeatStatuses } from "./seat-statuses.ts";
import { TurnClock } from "./turn-clock.ts";
import { type Views, viewsOf } from "../tick/views.ts";

/** An end that another shard came to: players take their seats first, to hear of it. */
const TELL_END_AFTER_MS = 200;

export class Match implements InputTaker {
  // What every tick needs comes first, side by side in memory.
  #state: "gathering" | "running" | "moving" | "over" = "gathering";
  readonly #heldInputs: boolean;
  readonly #hasBots: boolean;
  readonly #tellsIllegal: boolean;
  readonly #inputs: MatchInputs;
  readonly #simulation: Simulation;
  readonly #records: InputRecords;
  readonly #log: InputLog;
  readonly #audience: Audience;
  readonly #views: Views;
  readonly #times: MatchTimes;
  /** Short name on links, unique in this process. */
  readonly channel: number;
  readonly tickRate: number;
  /** Among the matches that are watched: for the owner. */
  readonly place: number;
  readonly spec: MatchSpec;
  readonly #seats: readonly Seat[];
  readonly #bots: Bots;
  readonly #owner: MatchOwner<Match>;
  readonly #player: LogPlayer;
  readonly #tell: Announcements;
  readonly #statuses: SeatStatuses;
  readonly #turns: TurnClock;
  #joinTimer: NodeJS.Timeout | undefined;

  /** @throws whatever the game throws; BadReplayError and DivergedError for a log that is not this match's. */
  constructor(spec: MatchSpec, ids: MatchIds, times: MatchTimes, owner: MatchOwner<Match>, inherited?: Inheritance) {
    this.spec = spec;
    this.channel = ids.channel;
    this.place = ids.place;
    this.tickRate = spec.game.tickRate;
    this.#times = times;
    this.#owner = owner;
    this.#heldInputs = spec.game.inputMode === "held";
    this.#tellsIllegal = spec.game.accepts !== undefined;
    const seats = spec.players.length;
    this.#simulation = new Simulation(spec.game, { seed: spec.seed, seats, options: spec.options });
    this.#player = new LogPlayer(this.#simulation);
    this.#records = this.#player.records;
    this.#log = inherited ? InputLog.of(inherited.log, MATCH_LOG_BYTES_MAX) : new InputLog(MATCH_LOG_BYTES_MAX);
    this.#player.playAll(this.#log, inherited?.keyframe && stateOf(spec, inherited.keyframe));
    const played = this.#log.records > 0;
    if (inherited && played && this.#simulation.check() !== inherited.check)
      throw new DivergedError(`the log of ${this.#log.records} records leads to another state than the players saw`);
    this.#views = viewsOf(this.#simulation, this.#records);
    const { keyframeEveryTicks } = times;
    this.#audience = new Audience(this.#views, { keyframeEveryTicks, clocked: this.tickRate > 0, pace: owner.pace });
    this.#statuses = new SeatStatuses(spec.epoch);
    // A step without any input: the game knows what that means.
    this.#turns = new TurnClock(this.#simulation, () => (this.tick(), this.#awaitTurn()));
    const bots = spec.players.map(({ bot }) => bot);
    const { seqs } = this.#player;
    this.#hasBots = bots.some((bot) => bot !== undefined);
    this.#bots = new Bots(this.#simulation, bots, seqs);
    this.#seats = seatsOf(spec, this.#player);
    this.#inputs = new MatchInputs(owner.inputs, this.#simulation.input, ids.channel, seqs);
    for (const [seat, { left }] of this.#seats.entries()) if (left) this.#inputs.leave(seat);
    this.#tell = new Announcements({
      spec,
      channel: this.channel,
      simulation: this.#simulation,
      log: this.#log,
      inputs: this.#inputs,
      views: this.#views,
      audience: this.#audience,
      held: new Map(inherited?.held),
    });
    if (!played)
      this.#joinTimer = setTimeout(() => this.#over({ kind: "cancelled", reason: "no_show" }), times.joinWithinMs);
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
    for (const [seatNumber, seat] of this.#seats.entries()) {
      if (seat.left || seat.bot) continue;
      this.#statuses.tell({ seat: seatNumber, connected: false, graceMs: this.#times.graceMs });
      seat.graceTimer = setTimeout(() => this.#giveUp(seat), this.#times.graceMs);
    }
    this.#start();
  }

  get ticks(): number {
    return this.#simulation.tick;
  }

  get seats(): readonly Seat[] {
    return this.#seats;
  }

  /** The input log so far; undefined when it outgrew its limit. Valid until the next tick. */
  get log(): Uint8Array | undefined {
    return this.#log.complete ? this.#log.bytes : undefined;
  }

  get stateHash(): string {
    return this.#simulation.hash();
  }

  /**
   * A new socket of the same player takes the seat over from the old one.
   * @param lastMatchSeq what the client has had of the match's messages: the rest is told again
   * @returns why not
   */
  join(
    seatNumber: number,
    playerId: string,
    session: Session,
    lastMatchSeq = 0,
  ): "seat_ticket_foreign" | "match_over" | undefined {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.bot || seat.playerId !== playerId) return "seat_ticket_foreign";
    if (this.#state === "over" || this.#state === "moving" || seat.left) return "match_over";
    const resumed = seat.joinedBefore;
    if (seat.session) {
      seat.session.link.unseat(seat.session.id);
      this.#removeFromAudience(seatNumber, seat.session.link);
    }
    clearTimeout(seat.graceTimer);
    seat.graceTimer = undefined;
    seat.sit(session);
    if (this.#audience.add(session.link, this.#views.of(seatNumber))) this.#tell.follow(session.link, false);
    this.ensureWitness();
    this.#tell.holders();
    this.#tell.joined(seatNumber, session, resumed);
    for (const { matchSeq, status } of this.#statuses.after(lastMatchSeq, seatNumber))
      session.link.control(seatStatus(this.channel, matchSeq, status, session.id));
    if (resumed) this.#tellSeatStatus(seatNumber, true);
    else if (this.#state === "gathering" && this.#seats.every((one) => one.joinedBefore)) this.#start();
    return undefined;
  }

  /** The socket of a seat is gone (`forfeit` false: the seat is kept for the grace period), or the player gives up. */
  leave(seatNumber: number, session: Session, forfeit: boolean): void {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.session !== session || this.#state === "over" || this.#state === "moving") return;
    seat.rise(forfeit);
    this.#removeFromAudience(seatNumber, session.link);
    if (forfeit) return this.#giveUp(seat);
    this.#tellSeatStatus(seatNumber, false);
    seat.graceTimer = setTimeout(() => this.#giveUp(seat), keptMs(this.#seats, this.#times.graceMs));
  }

  /** A gateway has spectators. @returns why not */
  watch(link: Link): "match_over" | undefined {
    if (this.#state === "over" || this.#state === "moving") return "match_over";
    if (this.#audience.watch(link)) this.#tell.follow(link, false);
    const value = rulesOf(this.spec, this.channel, this.#simulation.context.options);
    link.control({ message: { case: "watching", value } });
    link.keyframe(this.channel, PUBLIC_VIEW, this.#views.keyframe(PUBLIC_VIEW));
    this.#tell.holders();
    return undefined;
  }

  unwatch(link: Link): void {
    if (this.#audience.unwatch(link)) this.ensureWitness();
    this.#tell.holders();
  }

  /** The input is `bytes` from `from` to `to`. */
  input(
    seatNumber: number,
    seq: number,
    tick: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): InputRefusal | undefined {
    const refusal = this.#inputs.accept(seatNumber, seq, tick, bytes, from, to);
    if (this.tickRate === 0 && refusal === undefined) this.#owner.onTurn(this);
    return refusal;
  }

  /** Where this seat's inputs may be put past the match; undefined where the match has to hear of each. */
  inputPlace(seat: number): number | undefined {
    return this.tickRate === 0 ? undefined : this.#inputs.placeOf(seat);
  }

  /** What the next tick needs. */
  prefetch(depth: number): number {
    if (depth === 0) return this.channel + Number(this.#heldInputs);
    const next = depth - 1;
    const sum = this.#simulation.prefetch(next) + this.#log.prefetch(next) + this.#inputs.prefetch(next);
    return sum + this.#audience.prefetch(next) + (next === 0 && this.#views.shared ? 1 : 0);
  }

  /** One step. Whatever the game throws ends this match and no other. */
  tick(): void {
    if (this.#state !== "running") return;
    try {
      this.#owner.onStep(this);
      this.#views.begin();
      this.#applyInputs();
      const record = this.#records.finish();
      this.#log.append(record);
      const result = this.#simulation.step();
      const overrun = this.#owner.onStepped(this);
      if (overrun) return this.fail(overrun);
      this.#audience.tick(this.channel, this.#log.records, this.#simulation.check(), record);
      if (result) this.#over({ kind: "ended", reason: "played", result });
    } catch (err) {
      this.#owner.onStepped(this);
      this.fail(err);
    }
  }

  /** For a game without a clock: a step for every input that waits; then it is the bots' turn, or the clock's. */
  turn(): void {
    const wanted = (): boolean => this.#bots.wait || this.#inputs.anyDue(this.#simulation.tick + 1);
    while (this.#state === "running" && wanted()) this.tick();
    this.#awaitTurn();
  }

  /** The game did what no game may: its match ends without a result. */
  fail(err: unknown): void {
    if (this.#state === "over") return;
    this.#owner.onFault(this, err);
    this.#over({ kind: "cancelled", reason: "fault" });
  }

  /** Ends it without a result. */
  cancel(reason: MatchCancelReason): void {
    this.#over({ kind: "cancelled", reason });
  }

  /** Forgets it without telling anyone but its own timers: it was never announced. */
  drop(): void {
    this.#state = "over";
    this.#clear();
  }

  /** Another shard goes on with it: nothing moves here any more, and the gateways ask where to. */
  move(): void {
    if (this.#state === "over") return;
    this.#state = "moving";
    this.#clear();
    this.#audience.controlAll({ message: { case: "moving", value: { channel: this.channel } } });
  }

  /** True when it ended while a human player was away: see ended-matches.ts. */
  get missed(): boolean {
    return this.#seats.some((seat) => !seat.session && !seat.left && !seat.bot);
  }

  /** To a player who comes back after the end: what it came to, then the end. @returns why not */
  tellEnd(seatNumber: number, playerId: string, session: Session): "seat_ticket_foreign" | "match_over" | undefined {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.bot || seat.playerId !== playerId) return "seat_ticket_foreign";
    return !seat.left && this.#tell.overBefore(seatNumber, session) ? undefined : "match_over";
  }

  /** match-service has the result: nobody needs the log any more. */
  stored(): void {
    this.#tell.stored();
  }

  /** A link has closed. Its sessions leave one by one; here it only stops being a holder of the log. */
  unlinked(link: Link): void {
    if (!this.#audience.has(link)) return;
    this.#audience.drop(link);
    this.ensureWitness();
    this.#tell.holders();
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
    this.#tell.follow(link, true);
    this.#tell.holders();
  }

  #start(): void {
    clearTimeout(this.#joinTimer);
    this.#state = "running";
    for (const seat of this.#seats) seat.begin();
    this.#inputs.open(this.#simulation.tick + 1);
    this.#owner.onStart(this);
    this.#awaitTurn();
  }

  #awaitTurn(): void {
    if (this.tickRate > 0 || this.#state !== "running") return;
    try {
      // A bot whose move was in vain is not asked again before the turn is over: it would move for ever.
      if (this.#turns.look() && this.#bots.decide()) this.#owner.onTurn(this);
    } catch (err) {
      this.fail(err);
    }
  }

  #applyInputs(): void {
    // Held: the newest due one counts. Events: each counts, one a step.
    this.#inputs.apply(this.#simulation.tick + 1, !this.#heldInputs, this);
    if (this.#hasBots && this.#bots.decide())
      this.#bots.take((seat, seq, words) => {
        if (!this.#seats[seat]?.left) this.applyInput(seat, seq, words, 0);
      });
  }

  applyInput(seat: number, seq: number, words: Int32Array, at: number): void {
    this.#simulation.setInputWords(seat, words, at);
    this.#records.input(seat, seq, words, at);
    if (this.#tellsIllegal && !this.#simulation.accepts(seat)) tellIllegal(this.#seats[seat]);
  }

  /** A gateway whose last player has gone may hold the log on, as the witness. */
  #removeFromAudience(seatNumber: number, link: Link): void {
    if (this.#audience.remove(link, this.#views.of(seatNumber))) this.ensureWitness();
    this.#tell.holders();
  }

  #tellSeatStatus(seat: number, connected: boolean): void {
    const status = { seat, connected, graceMs: connected ? 0 : keptMs(this.#seats, this.#times.graceMs) };
    this.#audience.control(seatStatus(this.channel, this.#statuses.tell(status), status));
  }

  #giveUp(seat: Seat): void {
    if (this.#state === "over") return;
    clearTimeout(seat.graceTimer);
    seat.left = true;
    if (this.#state === "gathering") return this.#over({ kind: "cancelled", reason: "no_show" });
    // A seat that is away, though not for good, counts as left when nobody else is here to win.
    if (deserted(this.#seats)) return this.#over({ kind: "cancelled", reason: "abandoned" });
    const number = this.#seats.indexOf(seat);
    this.#records.left(number);
    this.#player.left[number] = true;
    this.#inputs.leave(number);
    this.#simulation.clearInput(number);
    const left = this.#seats.map((one) => one.left);
    // The others play on; the next record tells.
    if (left.filter((gone) => !gone).length > 1) return this.#owner.onLeft(this, number);
    // No step follows: this record is the last, and says how it ended.
    const record = this.#records.finish();
    this.#log.append(record);
    this.#audience.record(this.channel, this.#log.records, this.#simulation.check(), record);
    this.#over({ kind: "ended", reason: "forfeit", result: this.#simulation.forfeit(left) });
  }

  #over(outcome: MatchOutcome): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#clear();
    for (const [seat, seq] of this.#player.seqs.entries()) (this.#seats[seat] as Seat).acted = seq > 0;
    this.#tell.over(ending(this.channel, this.#statuses.next(), outcome, this));
    this.#owner.onOver(this, outcome);
  }

  #clear(): void {
    this.#inputs.close();
    clearTimeout(this.#joinTimer);
    this.#turns.stop();
    for (const seat of this.#seats) clearTimeout(seat.graceTimer);
  }
}
