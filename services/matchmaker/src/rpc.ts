import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { GatewaySessionRequest, MatchmakingService, ShardSessionRequest } from "@muster/contracts/matchmaking/v2";
import type { ListModesResponseSchema } from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { isPractice, isRated, type Mode } from "@muster/modes";
import { type AfterHello, type Hello, serveSession } from "@muster/rpc";
import { inSpan } from "@muster/tracing";
import type { Admission } from "./queue/admission.ts";
import type { HeldSeats } from "./placement/held-seats.ts";
import type { Matching } from "./queue/matching-loop.ts";
import type { GatewaySession, PeerSessions, ShardSession, ToGateway, ToShard } from "./placement/peer-sessions.ts";
import type { FailoverConductor } from "./failover-conductor.ts";
import { operatorRpcs } from "./operator-rpcs.ts";
import type { PausedQueues } from "./queue/paused-queues.ts";
import { evacuateDraining } from "./placement/evacuation.ts";
import type { Shards } from "./placement/shards.ts";
import type { Tickets } from "./queue/tickets.ts";

export interface RpcParts {
  readonly matchmakerId: string;
  readonly modes: Readonly<Record<string, Mode>>;
  readonly tickets: Tickets;
  readonly shards: Shards;
  readonly sessions: PeerSessions;
  readonly admission: Admission;
  readonly seats: HeldSeats;
  readonly matching: Matching;
  readonly paused: Pick<PausedQueues, "list">;
  readonly failover: FailoverConductor;
  readonly now: () => number;
  readonly log: Logger;
}

/** A shard reports its load every second. */
const TWIN_ALIVE_MS = 2500;

export function matchmakingRpc(parts: RpcParts): ServiceImpl<typeof MatchmakingService> {
  return {
    gatewaySession: (requests) =>
      serveSession<GatewaySessionRequest, ToGateway>(requests, (hello) => {
        const session = parts.sessions.openGateway(hello.gatewayId, hello.tellsLinks, hello.takesDrain);
        const modes = Object.keys(parts.modes);
        const welcome = { matchmakerId: parts.matchmakerId, modes, takesLoad: true, paused: parts.paused.list };
        session.out.push({ message: { case: "welcome", value: welcome } });
        session.out.push(shardsHere(parts));
        return {
          out: session.out,
          onMessage: (message) => onGatewayMessage(message, session, parts),
          onEnd() {
            if (parts.sessions.closeGateway(session)) parts.admission.gatewayGone(session.gatewayId);
          },
        };
      }),

    shardSession: (requests) =>
      serveSession<ShardSessionRequest, ToShard>(requests, (hello) => {
        const session = acceptShard(hello, parts);
        return {
          out: session.out,
          onMessage: (message) => onShardMessage(message, session, parts),
          onEnd: () => shardGone(session, parts),
        };
      }),

    listModes: () => ({ modes: listModes(parts) }),

    listGameBuilds: ({ gameId }) => ({
      builds: parts.shards.buildsOf(gameId),
      known: Object.values(parts.modes).some(({ game }) => game === gameId),
    }),

    ...operatorRpcs(parts),
  };
}

/** @throws ConnectError when another shard has its address */
function acceptShard(hello: Hello<ShardSessionRequest>, parts: RpcParts): ShardSession {
  const { shardId, linkAddress: address, capacity, games, region, renewsLeases, tellsBegun } = hello;
  refuseTwin({ shardId, address }, parts);
  const builds = new Map(games.map((g) => [g.gameId, g.buildId]));
  const descriptions = new Map(games.map((g) => [g.gameId, g.descriptionJson]));
  const shard = parts.shards.add(
    { shardId, address, capacity, region, renewsLeases, tellsBegun, builds, descriptions },
    parts.now(),
  );
  const session = parts.sessions.openShard(shard, hello.takesDrain);
  parts.seats.shardGone(shardId, parts.now()); // until it names what it holds
  session.out.push({ message: { case: "welcome", value: { matchmakerId: parts.matchmakerId } } });
  parts.log.info({ shardId, address, capacity }, "shard connected");
  parts.sessions.toGateways(shardsHere(parts));
  parts.matching.wake();
  parts.failover.wake();
  evacuateDraining(parts.shards, parts.sessions);
  return session;
}

function shardGone(session: ShardSession, parts: RpcParts): void {
  const { shardId } = session.shard;
  parts.shards.remove(session.shard);
  parts.sessions.closeShard(session);
  if (!parts.sessions.shards.has(shardId)) parts.seats.shardGone(shardId, parts.now());
  parts.sessions.toGateways(shardsHere(parts));
  parts.log.info({ shardId }, "shard disconnected");
}

function onGatewayMessage(message: AfterHello<GatewaySessionRequest>, session: GatewaySession, parts: RpcParts): void {
  switch (message.case) {
    case "enqueue":
      return inSpan({ name: "queue ticket", kind: "server" }, message.value.traceparent, () =>
        parts.admission.enqueue(message.value, session.gatewayId),
      );
    case "cancel":
      return parts.admission.cancel(message.value.ticketId);
    case "relocate":
      return parts.failover.ask(message.value.matches);
    case "linked":
      if (session.linked) session.linked = new Set(message.value.addresses);
      return parts.matching.wake(); // groups may have waited for just this link
    case "load":
      session.load = message.value;
      return;
  }
}

function shardsHere({ shards }: RpcParts): ToGateway {
  const addresses = shards.all.map(({ address }) => address);
  return { message: { case: "shards", value: { addresses } } };
}

/**
 * Gateways reach only one of two shards at one address, and the other's matches would fail. A shard that has sent nothing for a while is
 * taken for gone: the new one is the same shard after a restart.
 */
function refuseTwin(shard: { readonly shardId: string; readonly address: string }, parts: RpcParts): void {
  const twin = parts.shards.twinOf(shard);
  if (!twin) return;
  const fields = { ...shard, twinId: twin.shardId };
  if (parts.now() - twin.heardAt < TWIN_ALIVE_MS) {
    parts.log.error(fields, "a shard was refused: another live shard has the same address");
    throw new ConnectError(`the shard ${twin.shardId} is alive at ${shard.address}`, Code.AlreadyExists);
  }
  parts.log.warn(fields, "a shard replaces another one at its address that has not been heard from for a while");
  parts.sessions.shards.get(twin.shardId)?.out.close();
}

function onShardMessage(message: AfterHello<ShardSessionRequest>, session: ShardSession, parts: RpcParts): void {
  session.shard.heardAt = parts.now();
  switch (message.case) {
    case "load":
      session.shard.matches = message.value.matches;
      session.shard.draining = message.value.draining || session.drainOrdered;
      session.shard.evacuating &&= session.shard.draining; // an operator may have stopped draining it
      session.shard.overloaded = message.value.overloaded;
      session.shard.given = 0;
      return evacuateDraining(parts.shards, parts.sessions);
    case "allocated":
      session.awaiting.get(message.value.matchId)?.(message.value);
      return;
    case "held":
      return parts.admission.held(message.value, session);
    case "begun":
      return parts.seats.begin(message.value.matchId, session.shard.shardId);
    case "freed":
      return parts.admission.freed(message.value, session);
  }
}

function listModes({
  modes,
  tickets,
}: RpcParts): NonNullable<MessageInitShape<typeof ListModesResponseSchema>["modes"]> {
  return Object.entries(modes).map(([name, mode]) => ({
    mode: name,
    gameId: mode.game,
    seats: mode.seats,
    waiting: tickets.waiting(name),
    practice: isPractice(mode),
    bots: mode.bots !== undefined,
    rated: isRated(mode),
  }));
}
