// One match: its seats, its simulation and its end. Links and time are parameters. What runs every tick is in tick/ticking-
// match.ts.
import { InputLog, type InputRecords, LogPlayer, Simulation } from "@muster/game-kit";
import { MATCH_LOG_BYTES_MAX, PUBLIC_VIEW } from "@muster/realtime";
import { MatchMessenger } from "./match-messenger.ts";
import { Subscribers, type Link, type LinkSession } from "../tick/subscribers.ts";
import { Bots } from "./bots.ts";
import type { InputRefusal } from "../tick/input-rings.ts";
import { MatchInputs } from "../tick/match-inputs.ts";
import { TickingMatch } from "../tick/ticking-match.ts";
import type { MatchIds, MatchOwner } from "./match-owner.ts";
import { ending, rulesOf, seatStatus } from "./match-messages.ts";
import type { MatchCancelReason, MatchOutcome, MatchSpec, MatchTimes } from "./match-spec.ts";
import { DivergedError, type ResumePoint, stateOf } from "../takeover/resume-point.ts";
import { deserted, keptMs, type Seat, seatOfPlayer, seatsOf, tellIllegal } from "./seat.ts";
import { SeatStatuses } from "./seat-statuses.ts";
import { TurnClock } from "./turn-clock.ts";
import { type Views, viewsOf } from "../tick/views.ts";

/** How long the end of a match that had ended on another shard is delayed, so that players take their seats before they are told. */
const TELL_END_AFTER_MS = 200;

export class Match {
  /** What every tick needs: for the scheduler. */
  readonly ticking: TickingMatch;
  #state: "gathering" | "running" | "moving" | "over" = "gathering";
  readonly #inputs: MatchInputs;
  readonly #simulation: Simulation;
  readonly #records: InputRecords;
  readonly #log: InputLog;
  readonly #subscribers: Subscribers;
  readonly #views: Views;
  readonly #times: MatchTimes;
  /** Short name on links, unique in this process. */
  readonly channel: number;
  readonly tickRate: number;
  readonly spec: MatchSpec;
  readonly #seats: readonly Seat[];
  readonly #bots: Bots;
  readonly #owner: MatchOwner<Match>;
  readonly #player: LogPlayer;
  readonly #messenger: MatchMessenger;
  readonly #statuses: SeatStatuses;
  readonly #turns: TurnClock;
  #joinTimer: NodeJS.Timeout | undefined;

  /** @throws whatever the game throws; BadReplayError and DivergedError for a log that is not this match's. */
  constructor(spec: MatchSpec, ids: MatchIds, times: MatchTimes, owner: MatchOwner<Match>, resumePoint?: ResumePoint) {
    this.spec = spec;
    this.channel = ids.channel;
    this.tickRate = spec.game.tickRate;
    this.#times = times;
    this.#owner = owner;
    const seats = spec.players.length;
    this.#simulation = new Simulation(spec.game, { seed: spec.seed, seats, options: spec.options });
    this.#player = new LogPlayer(this.#simulation);
    this.#records = this.#player.records;
    this.#log = resumePoint ? InputLog.of(resumePoint.log, MATCH_LOG_BYTES_MAX) : new InputLog(MATCH_LOG_BYTES_MAX);
    this.#player.playAll(this.#log, resumePoint?.keyframe && stateOf(spec, resumePoint.keyframe));
    const played = this.#log.records > 0;
    if (resumePoint && played && this.#simulation.checksum() !== resumePoint.checksum)
      throw new DivergedError(`the log of ${this.#log.records} records leads to another state than the players saw`);
    this.#views = viewsOf(this.#simulation, this.#records);
    const shows = { keyframeEveryTicks: times.keyframeEveryTicks, clocked: this.tickRate > 0, pace: owner.pace };
    this.#subscribers = new Subscribers(this.#views, shows);
    this.#statuses = new SeatStatuses(spec.epoch);
    // The time is up: a step without any input, which the game's rules interpret.
    this.#turns = new TurnClock(this.#simulation, () => (this.tick(), this.#awaitTurn()));
    const bots = spec.players.map(({ bot }) => bot);
    const { seqs } = this.#player;
    this.#bots = new Bots(this.#simulation, bots, seqs);
    this.#seats = seatsOf(spec, this.#player);
    this.#inputs = new MatchInputs(owner.inputs, this.#simulation.input, ids.channel, seqs);
    for (const [seat, { left }] of this.#seats.entries()) if (left) this.#inputs.leave(seat);
    this.#messenger = new MatchMessenger({
      spec,
      channel: this.channel,
      simulation: this.#simulation,
      log: this.#log,
      inputs: this.#inputs,
      views: this.#views,
      subscribers: this.#subscribers,
      recordsByGateway: new Map(resumePoint?.recordsByGateway),
    });
    this.ticking = new TickingMatch({
      spec,
      channel: this.channel,
      watchdogSlot: ids.watchdogSlot,
      guard: owner.guard,
      simulation: this.#simulation,
      records: this.#records,
      log: this.#log,
      inputs: this.#inputs,
      subscribers: this.#subscribers,
      views: this.#views,
      bots: this.#bots,
      host: {
        hasLeft: (seat) => this.#seats[seat]?.left === true,
        illegal: (seat) => tellIllegal(this.#seats[seat]),
        ended: (result) => this.#over({ kind: "ended", reason: "played", result }),
        fail: (err) => this.fail(err),
      },
    });
    if (!played)
      this.#joinTimer = setTimeout(() => this.#over({ kind: "cancelled", reason: "no_show" }), times.joinWithinMs);
  }

  /** Continues from its resume point: no player is connected yet, and each has the grace period to return. */
  resume(): void {
    const { result, ended } = this.#player;
    if (result && ended) {
      // It had ended, and its result may be lost: this shard stores it, and tells the players who come back.
      this.#become("running");
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
   * @param lastMatchSeq the last of the match's messages that the client has had: later ones are sent again
   * @returns why not
   */
  join(
    seatNumber: number,
    playerId: string,
    session: LinkSession,
    lastMatchSeq = 0,
  ): "seat_ticket_foreign" | "match_over" | undefined {
    const seat = seatOfPlayer(this.#seats, seatNumber, playerId);
    if (!seat) return "seat_ticket_foreign";
    if (this.#state === "over" || this.#state === "moving" || seat.left) return "match_over";
    const resumed = seat.joinedBefore;
    if (seat.session) {
      seat.session.link.unseat(seat.session.id);
      this.#unsubscribe(seatNumber, seat.session.link);
    }
    clearTimeout(seat.graceTimer);
    seat.graceTimer = undefined;
    seat.occupy(session);
    if (this.#subscribers.add(session.link, this.#views.of(seatNumber))) this.#messenger.follow(session.link, false);
    this.ensureLogReplica();
    this.#messenger.replicas();
    this.#messenger.joined(seatNumber, session, resumed);
    for (const { matchSeq, status } of this.#statuses.after(lastMatchSeq, seatNumber))
      session.link.control(seatStatus(this.channel, matchSeq, status, session.id));
    if (resumed) this.#tellSeatStatus(seatNumber, true);
    else if (this.#state === "gathering" && this.#seats.every((one) => one.joinedBefore)) this.#start();
    return undefined;
  }

  /** The socket of a seat is gone (`forfeit` false: the seat is kept for the grace period), or the player gives up. */
  leave(seatNumber: number, session: LinkSession, forfeit: boolean): void {
    const seat = this.#seats[seatNumber];
    if (!seat || seat.session !== session || this.#state === "over" || this.#state === "moving") return;
    seat.vacate(forfeit);
    this.#unsubscribe(seatNumber, session.link);
    if (forfeit) return this.#giveUp(seat);
    this.#tellSeatStatus(seatNumber, false);
    seat.graceTimer = setTimeout(() => this.#giveUp(seat), keptMs(this.#seats, this.#times.graceMs));
  }

  /** A gateway has spectators. @returns why not */
  watch(link: Link): "match_over" | undefined {
    if (this.#state === "over" || this.#state === "moving") return "match_over";
    if (this.#subscribers.watch(link)) this.#messenger.follow(link, false);
    const value = rulesOf(this.spec, this.channel, this.#simulation.context.options);
    link.control({ message: { case: "watching", value } });
    link.keyframe(this.channel, PUBLIC_VIEW, this.#views.keyframe(PUBLIC_VIEW));
    this.#messenger.replicas();
    return undefined;
  }

  unwatch(link: Link): void {
    if (this.#subscribers.unwatch(link)) this.ensureLogReplica();
    this.#messenger.replicas();
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
    if (this.tickRate === 0 && refusal === undefined) this.#owner.onInput(this);
    return refusal;
  }

  /** The ring into which this seat's inputs may be written without calling the match; undefined where the match must see each of them. */
  inputRing(seat: number): number | undefined {
    return this.tickRate === 0 ? undefined : this.#inputs.ringOf(seat);
  }

  /** For a game without a clock. Those with one are ticked by the scheduler, through `ticking`. */
  tick(): void {
    this.ticking.tick();
  }

  /** For a game without a clock: one step per waiting input; after that the bots decide, and the time for the turn runs. */
  stepPending(): void {
    const wanted = (): boolean => this.#bots.wait || this.#inputs.anyDue(this.#simulation.tick + 1);
    while (this.#state === "running" && wanted()) this.tick();
    this.#awaitTurn();
  }

  /** The game threw, or took too long: its match ends without a result. */
  fail(err: unknown): void {
    if (this.#state === "over") return;
    this.#owner.onFault(this, err);
    this.#over({ kind: "cancelled", reason: "fault" });
  }

  /** Ends it without a result. */
  cancel(reason: MatchCancelReason): void {
    this.#over({ kind: "cancelled", reason });
  }

  /** Stops it silently: no player was told of it, or another shard has it. */
  drop(): void {
    this.#become("over");
    this.#clear();
  }

  /** Another shard will take it over: it stops here, and the gateways ask where it goes on. */
  move(): void {
    if (this.#state === "over") return;
    this.#become("moving");
    this.#clear();
    this.#subscribers.controlAll({ message: { case: "moving", value: { channel: this.channel } } });
  }

  /** True when it ended while a human player was away: see ended-matches.ts. */
  get missed(): boolean {
    return this.#seats.some((seat) => !seat.session && !seat.left && !seat.bot);
  }

  /** Sends the final state and the end to a player who comes back after it. @returns why not */
  tellEnd(
    seatNumber: number,
    playerId: string,
    session: LinkSession,
  ): "seat_ticket_foreign" | "match_over" | undefined {
    const seat = seatOfPlayer(this.#seats, seatNumber, playerId);
    if (!seat) return "seat_ticket_foreign";
    return !seat.left && this.#messenger.overBefore(seatNumber, session) ? undefined : "match_over";
  }

  /** match-service has the result: nobody needs the log any more. */
  stored(): void {
    this.#messenger.stored();
  }

  /** A link has closed. Its sessions leave one by one; this only removes it from the log's replicas. */
  unlinked(link: Link): void {
    if (!this.#subscribers.has(link)) return;
    this.#subscribers.drop(link);
    this.ensureLogReplica();
    this.#messenger.replicas();
  }

  carriedBy(link: Link): boolean {
    return this.#subscribers.has(link);
  }

  /** Has a second gateway replicate the log, if there is another one. */
  ensureLogReplica(): void {
    if (this.#state === "over" || this.#state === "moving" || !this.#subscribers.wantsReplica) return;
    const link = this.#owner.replicaFor(this);
    if (!link || this.#subscribers.has(link)) return;
    this.#subscribers.addReplica(link);
    this.#messenger.follow(link, true);
    this.#messenger.replicas();
  }

  #start(): void {
    clearTimeout(this.#joinTimer);
    this.#become("running");
    for (const seat of this.#seats) seat.begin();
    this.#inputs.open(this.#simulation.tick + 1);
    this.#owner.onStart(this);
    this.#awaitTurn();
  }

  #awaitTurn(): void {
    if (this.tickRate > 0 || this.#state !== "running") return;
    try {
      // A bot whose move was illegal is not asked again in the same turn, or it would move for ever.
      if (this.#turns.look() && this.#bots.decide()) this.#owner.onInput(this);
    } catch (err) {
      this.fail(err);
    }
  }

  /** A gateway whose last player has gone may stay as a log replica. */
  #unsubscribe(seatNumber: number, link: Link): void {
    if (this.#subscribers.remove(link, this.#views.of(seatNumber))) this.ensureLogReplica();
    this.#messenger.replicas();
  }

  #tellSeatStatus(seat: number, connected: boolean): void {
    const status = { seat, connected, graceMs: connected ? 0 : keptMs(this.#seats, this.#times.graceMs) };
    this.#subscribers.control(seatStatus(this.channel, this.#statuses.tell(status), status));
  }

  #giveUp(seat: Seat): void {
    if (this.#state === "over") return;
    clearTimeout(seat.graceTimer);
    seat.left = true;
    if (this.#state === "gathering") return this.#over({ kind: "cancelled", reason: "no_show" });
    // When nobody is left to win, a player who is only away counts as gone too.
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
    this.#subscribers.record(this.channel, this.#log.records, this.#simulation.checksum(), record);
    this.#over({ kind: "ended", reason: "forfeit", result: this.#simulation.forfeit(left) });
  }

  #over(outcome: MatchOutcome): void {
    if (this.#state === "over") return;
    this.#become("over");
    this.#clear();
    for (const [seat, seq] of this.#player.seqs.entries()) (this.#seats[seat] as Seat).acted = seq > 0;
    this.#messenger.over(ending(this.channel, this.#statuses.next(), outcome, this));
    this.#owner.onOver(this, outcome);
  }

  #become(state: "running" | "moving" | "over"): void {
    this.#state = state;
    this.ticking.running = state === "running";
  }

  #clear(): void {
    this.#inputs.close();
    clearTimeout(this.#joinTimer);
    this.#turns.stop();
    for (const seat of this.#seats) clearTimeout(seat.graceTimer);
  }
}
