// Decides who may queue. Refused are players who hold a seat, who missed their last match and have not served the wait for
// it, or who have used up their share of practice. The shards decide who holds a seat.
import type { SeatsFreed, SeatsHeld, Ticket } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { isPractice, type Mode } from "@muster/modes";
import type { Component, Bounded } from "@muster/runtime";
import { assign, type AssigningParts } from "../placement/assigning.ts";
import { Churn } from "./churn.ts";
import type { Freed, HeldMatch, HeldSeats } from "../placement/held-seats.ts";
import type { MatchmakerMetrics } from "../metrics.ts";
import { APART_MS, NoShows } from "./no-shows.ts";
import type { PracticeQuotas } from "./practice-quotas.ts";
import { strengthOf } from "./strength.ts";
import type { WaitingTicket } from "./waiting-ticket.ts";
import type { ShardSession } from "../placement/peer-sessions.ts";
import type { Refusal, Tickets } from "./tickets.ts";
import { WaitCredits } from "./wait-credits.ts";

export interface AdmissionParts extends AssigningParts {
  readonly modes: Readonly<Record<string, Mode>>;
  readonly tickets: Tickets;
  readonly seats: HeldSeats;
  readonly practice: PracticeQuotas;
  readonly metrics: Pick<MatchmakerMetrics, "refused" | "noShows" | "earlyLeaves" | "notifiedAgain">;
  readonly log: Logger;
  /** Someone may be paired. */
  wakeMatching(): void;
}

export type AdmissionRefusal =
  | Refusal
  | "replaced"
  | "no_show_cooldown"
  | "practice_limited"
  | "rate_limited"
  | "removed_by_operator";

interface Parked {
  readonly message: Ticket;
  readonly gatewayId: string;
  readonly timer: NodeJS.Timeout;
}

/** A player may learn that a match is over before this process does: the tickets of such players wait for this long. */
const PARKED_MS = 300;
const SWEEP_EVERY_MS = 1000;

export class Admission implements Component {
  readonly name = "admission";
  readonly #parts: AdmissionParts;
  readonly #noShows = new NoShows();
  readonly #churn = new Churn();
  readonly #credits = new WaitCredits();
  /** By player: tickets that come while a seat is held. */
  readonly #parked = new Map<string, Parked>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    const { seats, practice } = this.#parts;
    return Object.assign({}, ...[this.#noShows, this.#churn, this.#credits, seats, practice].map((of) => of.bounded));
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      for (const matchId of this.#parts.seats.expired(this.#parts.now())) this.over(matchId);
    }, SWEEP_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const { timer } of this.#parked.values()) clearTimeout(timer);
  }

  enqueue(message: Ticket, gatewayId: string): void {
    const { ticketId, playerId, resumeTicketId } = message;
    const held = this.#parts.seats.of(playerId);
    if (!held) return this.#admit(message, gatewayId);
    if (held.match.tickets[held.seat]?.ticketId === resumeTicketId) return this.#notifyAgain(message, gatewayId);
    const before = this.#unpark(playerId);
    if (before) this.#refuse(before.message.ticketId, before.gatewayId, "replaced");
    const timer = setTimeout(() => {
      this.#parked.delete(playerId);
      this.#notifyAgain(message, gatewayId);
    }, PARKED_MS);
    this.#parked.set(playerId, { message, gatewayId, timer });
    this.#parts.log.debug({ ticketId, playerId, matchId: held.match.matchId }, "the player already holds a seat");
  }

  cancel(ticketId: string): void {
    this.#parts.tickets.remove(ticketId);
    for (const [playerId, { message }] of this.#parked) if (message.ticketId === ticketId) this.#unpark(playerId);
  }

  /** By an operator: the player is told. */
  remove(ticketId: string): void {
    const ticket = this.#parts.tickets.byId(ticketId);
    if (!ticket) return;
    this.#parts.tickets.remove(ticketId);
    this.#refuse(ticketId, ticket.gatewayId, "removed_by_operator");
    this.#parts.log.info({ ticketId, playerId: ticket.playerId }, "an operator removed a ticket");
  }

  gatewayGone(gatewayId: string): void {
    this.#parts.tickets.removeOfGateway(gatewayId);
    for (const [playerId, parked] of this.#parked) if (parked.gatewayId === gatewayId) this.#unpark(playerId);
  }

  /** The matches that a shard has. Tickets that their players got meanwhile, when this process did not know, are void. */
  held({ matches, complete }: SeatsHeld, { shard }: ShardSession): void {
    const { seats, tickets } = this.#parts;
    const { shardId, address: shardAddress, tellsBegun } = shard;
    for (const { matchId, epoch, mode, gameId, seats: all, left, begun } of matches) {
      const where = { matchId, epoch, mode, gameId, shardId, shardAddress };
      seats.hold({ ...where, seats: all, traceparent: "", tickets: [], begun: begun || !tellsBegun }, left);
      for (const { playerId } of all) {
        const ticket = seats.of(playerId)?.match.matchId === matchId ? tickets.ofPlayer(playerId) : undefined;
        if (!ticket) continue;
        tickets.remove(ticket.ticketId);
        this.#notifyAgain(ticket, ticket.gatewayId);
      }
    }
    if (complete) for (const matchId of seats.complete(shard.shardId)) this.over(matchId);
  }

  freed({ matchId, over, seats, noShows, played, leftEarly }: SeatsFreed, { shard }: ShardSession): void {
    const held = this.#parts.seats;
    const freed = over ? held.over(matchId, shard.shardId) : held.free(matchId, shard.shardId, seats);
    if (!freed) return;
    if (over) this.#parts.practice.end(matchId);
    if (over && played) this.#played(freed, leftEarly);
    this.#spoilt(freed, { noShows, leftEarly, over });
    this.#freed(freed.freed);
  }

  /** The match is over, whoever reports it. */
  over(matchId: string): void {
    const ended = this.#parts.seats.over(matchId);
    this.#parts.practice.end(matchId);
    if (ended) this.#freed(ended.freed);
  }

  /** Asked before a group is placed: tickets that were each admitted may together exceed a quota. @returns false when one of them has to wait longer */
  mayBegin(matchId: string, mode: Mode, group: readonly WaitingTicket[]): boolean {
    if (!isPractice(mode)) return true;
    const { practice, tickets } = this.#parts;
    const now = this.#parts.now();
    let all = true;
    for (const { ticketId, playerId, gatewayId, address = "" } of group) {
      const waitMs = practice.waitMs(playerId, address, now);
      if (waitMs === 0) continue;
      all = false;
      tickets.remove(ticketId);
      this.#refuse(ticketId, gatewayId, "practice_limited", waitMs);
    }
    if (all) practice.begin(matchId, group);
    return all;
  }

  /** After `mayBegin`: the match was not placed after all. */
  notBegun(matchId: string): void {
    this.#parts.practice.end(matchId);
  }

  /**
   * A match was placed: its players are told, and have their seats.
   * @param shardIsHere false: it has gone meanwhile, and another one takes the match over, or nobody does
   * @returns false if the match is already over: no player is told about it
   */
  begun(match: HeldMatch, shardIsHere: boolean): boolean {
    const { seats, now } = this.#parts;
    if (!seats.hold(match)) return false;
    if (!shardIsHere) seats.shardGone(match.shardId, now());
    const mode = this.#parts.modes[match.mode];
    for (const [seat, ticket] of match.tickets.entries()) {
      this.#parts.tickets.remove(ticket.ticketId); // used up, whether or not its gateway still listens
      this.#credits.use(ticket.playerId);
      if (mode && isPractice(mode)) this.#parts.practice.begun(ticket.playerId, this.#parts.now());
      assign({ match, seat }, ticket, false, this.#parts);
    }
    return true;
  }

  #admit(message: Ticket, gatewayId: string): void {
    const { ticketId, playerId, playerName, mode, region, waitedMs, traceparent, address } = message;
    const strength = strengthOf(message);
    const { tickets, log } = this.#parts;
    const now = this.#parts.now();
    const limit = tickets.knows(ticketId) ? undefined : this.#limit(message, now);
    if (limit) return this.#refuse(ticketId, gatewayId, ...limit);
    const apart = this.#noShows.apart(playerId, address, now);
    const since = Math.min(now - waitedMs, this.#credits.of(playerId, mode, now) ?? now);
    const ticket: WaitingTicket = {
      ticketId,
      playerId,
      playerName,
      mode,
      ...strength,
      region,
      traceparent,
      gatewayId,
      since,
      address,
      ...(apart && { apartUntil: since + APART_MS, victims: apart.victims }),
    };
    const { refused, replaced } = tickets.add(ticket);
    if (refused) this.#refuse(ticketId, gatewayId, refused);
    if (replaced) this.#refuse(replaced.ticketId, replaced.gatewayId, "replaced");
    const fields = { ticketId, playerId, mode, rating: strength.rating, region, apart: apart && true };
    log.info(refused ? { ...fields, refused } : fields, refused ? "ticket refused" : "ticket queued");
    this.#parts.wakeMatching();
  }

  /** Cheapest first. */
  #limit({ playerId, address, mode: name }: Ticket, now: number): [AdmissionRefusal, number] | undefined {
    const churnMs = this.#churn.take(playerId, now);
    if (churnMs > 0) return ["rate_limited", churnMs];
    const cooldownMs = this.#noShows.cooldownMs(playerId, address, now);
    if (cooldownMs > 0) return ["no_show_cooldown", cooldownMs];
    const mode = Object.hasOwn(this.#parts.modes, name) ? this.#parts.modes[name] : undefined;
    const practiceMs = mode && isPractice(mode) ? this.#parts.practice.waitMs(playerId, address, now) : 0;
    return practiceMs > 0 ? ["practice_limited", practiceMs] : undefined;
  }

  #notifyAgain(ticket: { readonly ticketId: string; readonly playerId: string }, gatewayId: string): void {
    const { ticketId, playerId } = ticket;
    const held = this.#parts.seats.of(playerId);
    if (!held) return;
    this.#parts.metrics.notifiedAgain.inc();
    this.#parts.log.info({ ticketId, playerId, matchId: held.match.matchId }, "player told about its match again");
    assign(held, { ticketId, playerId, gatewayId }, true, this.#parts);
  }

  #played({ match: { seats, mode: name }, freed }: Freed, leftEarly: readonly number[]): void {
    const people = seats.filter(({ bot }) => bot === "");
    const mode = this.#parts.modes[name];
    const stayed = people.filter(({ seat }) => !leftEarly.includes(seat));
    if (stayed.length < 2 || !mode || isPractice(mode)) return; // nobody would have waited in vain
    for (const { playerId } of stayed) if (freed.includes(playerId)) this.#noShows.came(playerId, this.#parts.now());
  }

  /**
   * Some players did not come to a match, or left before it was really played. The others queue again with the waiting time that
   * they had, those to blame have to wait longer. When nobody else was there, nobody is blamed.
   */
  #spoilt(
    { match: { matchId, seats, tickets, mode }, freed }: Freed,
    { noShows, leftEarly, over }: Pick<SeatsFreed, "noShows" | "leftEarly" | "over">,
  ): void {
    if (noShows.length + leftEarly.length === 0) return;
    const { metrics, log } = this.#parts;
    const people = seats.filter(({ bot }) => bot === "");
    const here = people.filter(({ seat }) => !noShows.includes(seat) && !leftEarly.includes(seat));
    if (here.length === 0) return;
    const now = this.#parts.now();
    for (const { playerId, seat } of people) {
      if (here.some((one) => one.seat === seat) || !freed.includes(playerId)) continue; // told of before
      const came = leftEarly.includes(seat);
      const address = tickets[seat]?.address ?? "";
      // Players of one address could stage this to have it held against everybody else there.
      const staged = here.every((other) => tickets[other.seat]?.address === address);
      const victims = came ? [] : here.map((other) => other.playerId); // who met it was not made to wait
      this.#noShows.add(playerId, staged ? "" : address, victims, now);
      (came ? metrics.earlyLeaves : metrics.noShows).inc();
      log.info({ matchId, playerId }, came ? "player left its match early" : "player did not join its match");
    }
    if (!over) return; // they play on
    for (const { playerId, seat } of here) {
      const since = tickets[seat]?.since;
      if (since !== undefined) this.#credits.add(playerId, mode, since, now);
    }
  }

  #freed(playerIds: readonly string[]): void {
    for (const playerId of playerIds) {
      const parked = this.#unpark(playerId);
      if (parked) this.#admit(parked.message, parked.gatewayId);
    }
  }

  #unpark(playerId: string): Parked | undefined {
    const parked = this.#parked.get(playerId);
    clearTimeout(parked?.timer);
    this.#parked.delete(playerId);
    return parked;
  }

  #refuse(ticketId: string, gatewayId: string, code: AdmissionRefusal, retryAfterMs = 0): void {
    this.#parts.metrics.refused.inc({ code });
    const value = { ticketId, code, retryAfterMs: Math.ceil(retryAfterMs) };
    this.#parts.sessions.gateways.get(gatewayId)?.out.push({ message: { case: "refused", value } });
  }
}
