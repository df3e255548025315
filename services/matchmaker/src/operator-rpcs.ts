// What operators see of the matchmaker's peers and queues, and what they may order.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type {
  GatewayStateSchema,
  MatchmakingService,
  QueueStateSchema,
  ShardStateSchema,
  TicketStateSchema,
} from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import type { Mode } from "@muster/modes";
import { fail } from "./errors.ts";
import type { GatewaySession, PeerSessions, ShardSession } from "./placement/peer-sessions.ts";
import type { Admission } from "./queue/admission.ts";
import type { QueuedTicket, Tickets } from "./queue/tickets.ts";

export interface OperatorParts {
  readonly matchmakerId: string;
  readonly modes: Readonly<Record<string, Mode>>;
  readonly tickets: Tickets;
  readonly sessions: PeerSessions;
  readonly admission: Admission;
  readonly now: () => number;
  readonly log: Logger;
}

type OperatorRpcs = "getTopology" | "listQueues" | "listTickets" | "removeTicket" | "drainShard" | "drainGateway";

const PAGE_SIZE_DEFAULT = 20;
/** Shards report once a second: one that has not for this long takes over nothing. */
const HEARD_WITHIN_MS = 5000;

export function operatorRpcs(parts: OperatorParts): Pick<ServiceImpl<typeof MatchmakingService>, OperatorRpcs> {
  const { sessions, tickets, admission, now, log } = parts;
  return {
    getTopology() {
      const ticketsOf = tickets.countByGateway();
      const gateways = [...sessions.gateways.values()].map((one) =>
        gatewayState(one, ticketsOf.get(one.gatewayId) ?? 0),
      );
      const shards = [...sessions.shards.values()].map((one) => shardState(one, now()));
      return {
        matchmakerId: parts.matchmakerId,
        gateways: gateways.toSorted((a, b) => compare(a.gatewayId, b.gatewayId)),
        shards: shards.toSorted((a, b) => compare(a.shardId, b.shardId)),
      };
    },

    listQueues: () => ({ queues: listQueues(parts) }),

    listTickets({ mode, pageSize, afterArrival }) {
      const size = pageSize || PAGE_SIZE_DEFAULT;
      const found = tickets.page(mode, Number(afterArrival), size + 1);
      return { tickets: found.slice(0, size).map((one) => ticketState(one, now())), more: found.length > size };
    },

    removeTicket({ ticketId, dryRun }) {
      if (!tickets.knows(ticketId)) throw fail("ticket_not_found");
      if (!dryRun) admission.remove(ticketId);
      return {};
    },

    drainShard({ shardId, on, dryRun }) {
      const session = sessions.shards.get(shardId);
      if (!session) throw fail("shard_not_found");
      refuseDrain(session.takesDrain, on, othersHaveTheGames(session, sessions, now()));
      if (dryRun) return {};
      session.drainOrdered = on;
      if (on) session.shard.draining = true; // from this moment on, not from its next report on
      session.out.push({ message: { case: "drain", value: { on } } });
      log.info({ shardId, on }, "an operator drains a shard, or stops draining it");
      return {};
    },

    drainGateway({ gatewayId, on, dryRun }) {
      const session = sessions.gateways.get(gatewayId);
      if (!session) throw fail("gateway_not_found");
      const takesOver = [...sessions.gateways.values()].some((one) => one !== session && !isDraining(one));
      refuseDrain(session.takesDrain, on, takesOver);
      if (dryRun) return {};
      session.drainOrdered = on;
      session.out.push({ message: { case: "drain", value: { on } } });
      log.info({ gatewayId, on }, "an operator drains a gateway, or stops draining it");
      return {};
    },
  };
}

/** The last one stays: without it nobody plays, and a mistake would be an outage. */
function refuseDrain(takesDrain: boolean, on: boolean, othersTakeOver: boolean): void {
  if (!takesDrain) throw fail("cannot_drain", { details: { reason: "old_release" } });
  if (on && !othersTakeOver) throw fail("cannot_drain", { details: { reason: "last_one" } });
}

/** Each of its games: another shard may be there for other games only, or may not have been heard from. */
function othersHaveTheGames(session: ShardSession, { shards }: PeerSessions, now: number): boolean {
  const others = [...shards.values()].filter(
    (one) => one !== session && !one.shard.draining && now - one.shard.heardAt < HEARD_WITHIN_MS,
  );
  return (
    others.length > 0 &&
    [...session.shard.builds.keys()].every((game) => others.some((one) => one.shard.builds.has(game)))
  );
}

function isDraining({ drainOrdered, load }: GatewaySession): boolean {
  return drainOrdered || (load?.draining ?? false);
}

function gatewayState(
  session: GatewaySession,
  tickets: number,
): MessageInitShape<typeof GatewayStateSchema> & { gatewayId: string } {
  const { gatewayId, load, linked, takesDrain } = session;
  const shown = load && { load: { ...load, draining: isDraining(session) } };
  return { gatewayId, tickets, links: linked?.size ?? 0, takesDrain, ...shown };
}

function shardState(
  { shard, takesDrain }: ShardSession,
  now: number,
): MessageInitShape<typeof ShardStateSchema> & { shardId: string } {
  const { shardId, address, region, capacity, matches, given, draining, overloaded, evacuating, heardAt, builds } =
    shard;
  const games = [...builds].map(([gameId, buildId]) => ({ gameId, buildId }));
  const silentMs = Math.max(0, Math.round(now - heardAt));
  return {
    shardId,
    address,
    region,
    capacity,
    matches: matches + given,
    draining,
    overloaded,
    evacuating,
    silentMs,
    games,
    takesDrain,
  };
}

function listQueues({ modes, tickets, now }: OperatorParts): MessageInitShape<typeof QueueStateSchema>[] {
  const waits = tickets.waitsByMode(now());
  return Object.entries(modes).map(([mode, { game, seats }]) => {
    const sorted = (waits.get(mode) ?? []).toSorted((a, b) => b - a);
    return {
      mode,
      gameId: game,
      seats,
      waiting: sorted.length,
      longestWaitMs: Math.round(sorted[0] ?? 0),
      medianWaitMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
    };
  });
}

function ticketState({ ticket, arrival }: QueuedTicket, now: number): MessageInitShape<typeof TicketStateSchema> {
  const { ticketId, playerId, playerName, gatewayId, region, rating, since, apartUntil = 0 } = ticket;
  const waitedMs = Math.max(0, Math.round(now - since));
  const shown = { ticketId, playerId, playerName, gatewayId, region, waitedMs, rating: Math.round(rating) };
  return { ...shown, arrival: BigInt(arrival), apart: apartUntil > now };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
