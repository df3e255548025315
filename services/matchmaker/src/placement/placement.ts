// Turns a group of tickets into a match on a shard that all gateways of its players are linked to.
import { randomInt } from "node:crypto";
import { must } from "@muster/errors";
import type { Logger } from "@muster/log";
import { isPractice, type Mode } from "@muster/modes";
import { formatTraceparent, parseTraceparent, type Span, startSpan, withTrace } from "@muster/tracing";
import { v7 as uuidv7 } from "uuid";
import type { Admission } from "../queue/admission.ts";
import type { HeldMatch } from "./held-seats.ts";
import type { WaitingTicket } from "../queue/waiting-ticket.ts";
import type { Records } from "./records.ts";
import { askShard, type PeerSessions, type ShardSession } from "./peer-sessions.ts";
import { type LiveShard, pickShard, type Shards } from "./shards.ts";
import type { Tickets } from "../queue/tickets.ts";

const SHARD_ATTEMPTS_MAX = 3;
const FIRST_EPOCH = 1;

export interface PlacementParts {
  readonly modes: Readonly<Record<string, Mode>>;
  readonly tickets: Tickets;
  readonly shards: Shards;
  readonly sessions: PeerSessions;
  readonly records: Pick<Records, "create" | "cancel">;
  readonly admission: Pick<Admission, "mayBegin" | "notBegun" | "begun">;
  readonly allocateTimeoutMs: number;
  /** Practice is placed on a shard only while less than that part of it is in use: the rest is for the other modes. */
  readonly practiceShare: number;
  readonly now: () => number;
  readonly log: Logger;
}

export type PlacementOutcome = "placed" | "no shard" | "failed" | "cancelled" | "refused";

interface Plan {
  readonly matchId: string;
  readonly mode: Mode;
  readonly modeName: string;
  readonly seed: number;
  readonly seats: HeldMatch["seats"];
  readonly group: readonly WaitingTicket[];
  /** Of the first player's trace; those of the others are linked to it. */
  readonly span: Span;
}

/**
 * Places one group: a shard accepts, match-service records, the gateways are told. When a step fails, or a ticket is
 * cancelled on the way, what was done is undone and the others wait on.
 */
export async function place(group: readonly WaitingTicket[], parts: PlacementParts): Promise<PlacementOutcome> {
  const plan = planOf(group, parts);
  if (!parts.admission.mayBegin(plan.matchId, plan.mode, group)) {
    parts.tickets.putBack(group);
    return "refused";
  }
  let outcome: PlacementOutcome = "failed";
  try {
    outcome = await placePlan(plan, parts);
  } finally {
    if (outcome !== "placed") parts.admission.notBegun(plan.matchId);
    plan.span.end(outcome === "placed" ? {} : { error: outcome.replace(" ", "_") });
  }
  return outcome;
}

async function placePlan(plan: Plan, parts: PlacementParts): Promise<PlacementOutcome> {
  const { group } = plan;
  return withTrace(plan.span.context, async () => {
    const session = await allocate(plan, parts);
    if (!session) {
      parts.tickets.putBack(group);
      return "no shard";
    }
    if (!(await record(plan, session.shard, parts))) {
      release(plan, session);
      parts.tickets.putBack(group);
      return "failed";
    }
    if (!group.every((ticket) => parts.tickets.has(ticket))) {
      release(plan, session);
      parts.tickets.putBack(group);
      parts.records.cancel(plan.matchId);
      return "cancelled";
    }
    if (!announce(plan, session, parts)) {
      parts.tickets.putBack(group); // its shard drained or gave it up while match-service was asked
      return "failed";
    }
    return "placed";
  });
}

function planOf(group: readonly WaitingTicket[], { modes }: PlacementParts): Plan {
  const first = must(group[0], "a group has tickets");
  const mode = must(modes[first.mode], "a waiting ticket has a mode");
  const others = group.slice(1).map(({ traceparent }) => traceparent);
  return {
    matchId: uuidv7(),
    mode,
    modeName: first.mode,
    seed: randomInt(2 ** 32),
    seats: Array.from({ length: mode.seats }, (_, seat) => seatOf(seat, group[seat], mode)),
    group,
    span: startSpan({ name: "place match", kind: "internal", links: others }, parseTraceparent(first.traceparent)),
  };
}

/** A seat without a ticket is a bot's. Each bot has its own id, so that the match history can tell them apart. */
function seatOf(seat: number, ticket: WaitingTicket | undefined, { bots }: Mode): Plan["seats"][number] {
  if (ticket) return { seat, playerId: ticket.playerId, playerName: ticket.playerName, bot: "" };
  const { bot } = must(bots, "only modes with bots have groups that are not full");
  return { seat, playerId: uuidv7(), playerName: `bot ${bot}`, bot };
}

async function allocate(plan: Plan, parts: PlacementParts): Promise<ShardSession | undefined> {
  const tried = new Set<string>();
  const gameId = plan.mode.game;
  const region = plan.group[0]?.region ?? "";
  const share = isPractice(plan.mode) ? parts.practiceShare : 1;
  const gatewayIds = new Set(plan.group.map(({ gatewayId }) => gatewayId));
  // The players of a gateway that has no link to the shard would wait in vain.
  const usable = ({ address }: LiveShard): boolean => parts.sessions.allLinked(gatewayIds, address);
  for (let attempt = 0; attempt < SHARD_ATTEMPTS_MAX; attempt++) {
    const shard = pickShard(parts.shards.all, { gameId, region, except: tried, share, usable });
    const session = shard && parts.sessions.shards.get(shard.shardId);
    if (!session) return undefined;
    tried.add(session.shard.shardId);
    const { matchId, mode, modeName, seed, seats, span } = plan;
    const allocation = {
      matchId,
      epoch: FIRST_EPOCH,
      mode: modeName,
      gameId: mode.game,
      options: { ...mode.options },
      seed,
      seats: [...seats],
      traceparent: formatTraceparent(span.context),
    };
    const answer = await askShard(allocation, session, parts.allocateTimeoutMs);
    if (answer.accepted) return session;
    parts.log.warn(
      { matchId: plan.matchId, shardId: session.shard.shardId, reason: answer.reason },
      "a shard refused a match",
    );
    release(plan, session); // it may have accepted too late for us
  }
  return undefined;
}

function record(plan: Plan, shard: LiveShard, { records }: PlacementParts): Promise<boolean> {
  const { matchId, mode, modeName, seed, seats } = plan;
  return records.create({
    matchId,
    mode: modeName,
    gameId: mode.game,
    buildId: must(shard.builds.get(mode.game), "the shard has the game"),
    seed,
    shardId: shard.shardId,
    seats: seats.map((seat) => ({ ...seat, ...(mode.teams && { team: mode.teams[seat.seat] }) })),
    options: { ...mode.options },
    leased: shard.renewsLeases,
  });
}

function release(plan: Plan, session: ShardSession): void {
  session.out.push({ message: { case: "release", value: { matchId: plan.matchId } } });
}

/** @returns false when the match is over already */
function announce(plan: Plan, session: ShardSession, parts: PlacementParts): boolean {
  const { matchId, mode, modeName, seats, group, span } = plan;
  const { shardId, address } = session.shard;
  const held: HeldMatch = {
    matchId,
    mode: modeName,
    gameId: mode.game,
    epoch: FIRST_EPOCH,
    shardId,
    shardAddress: address,
    seats,
    traceparent: formatTraceparent(span.context),
    begun: !session.shard.tellsBegun, // of another one nobody would hear it
    tickets: group,
  };
  if (!parts.admission.begun(held, parts.sessions.shards.has(shardId))) {
    parts.log.warn({ matchId, shardId }, "a match ended before its players were told; they stay in the queue");
    return false;
  }
  const players = group.map(({ ticketId, playerId }) => ({ ticketId, playerId }));
  parts.log.info({ matchId, mode: modeName, shardId, players }, "match placed");
  return true;
}
