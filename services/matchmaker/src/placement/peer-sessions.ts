// The open sessions of the peers: one per gateway, one per shard.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AllocateSchema,
  GatewayLoad,
  GatewaySessionResponseSchema,
  ShardSessionResponseSchema,
} from "@muster/contracts/matchmaking/v2";
import { MessageQueue } from "@muster/rpc";
import type { LiveShard } from "./shards.ts";

export type ToGateway = MessageInitShape<typeof GatewaySessionResponseSchema>;
export type ToShard = MessageInitShape<typeof ShardSessionResponseSchema>;

/** Messages that wait for a peer that does not read; beyond it its stream is closed and it must come back. */
const STREAM_MESSAGES_MAX = 20_000;

export interface GatewaySession {
  readonly gatewayId: string;
  /** Addresses of the shards that it has a link to; undefined for one that does not say. */
  linked: ReadonlySet<string> | undefined;
  /** As it reported last; undefined for one that does not. */
  load: Pick<GatewayLoad, "connections" | "players" | "capacity" | "draining"> | undefined;
  readonly takesDrain: boolean;
  /** By an operator: a report that was sent before the order arrived says nothing against it. */
  drainOrdered: boolean;
  readonly out: MessageQueue<ToGateway>;
}

export interface Allocation {
  readonly accepted: boolean;
  readonly reason: string;
}

export interface ShardSession {
  readonly shard: LiveShard;
  readonly takesDrain: boolean;
  /** As of a gateway. */
  drainOrdered: boolean;
  readonly out: MessageQueue<ToShard>;
  /** By match id: who waits for the shard's answer. */
  readonly awaiting: Map<string, (answer: Allocation) => void>;
}

/**
 * Offers a match to a shard. If no answer arrives in time, the shard may still have accepted: release the match. If the shard does
 * not get that message either, match-service refuses its result, since another shard stands in the row, and says so when the shard renews
 * its lease.
 */
export async function askShard(
  value: MessageInitShape<typeof AllocateSchema> & { readonly matchId: string },
  session: ShardSession,
  timeoutMs: number,
): Promise<Allocation> {
  session.shard.given++;
  return new Promise((resolve) => {
    const timer = setTimeout(() => answer({ accepted: false, reason: `no answer within ${timeoutMs} ms` }), timeoutMs);
    const answer = (allocation: Allocation): void => {
      clearTimeout(timer);
      session.awaiting.delete(value.matchId);
      if (!allocation.accepted) session.shard.given--;
      resolve(allocation);
    };
    session.awaiting.set(value.matchId, answer);
    if (!session.out.push({ message: { case: "allocate", value } }))
      answer({ accepted: false, reason: "its stream is closed" });
  });
}

export class PeerSessions {
  readonly gateways = new Map<string, GatewaySession>();
  readonly shards = new Map<string, ShardSession>();

  openGateway(gatewayId: string, tellsLinks: boolean, takesDrain = false): GatewaySession {
    this.gateways.get(gatewayId)?.out.close();
    const linked = tellsLinks ? new Set<string>() : undefined;
    const out = new MessageQueue<ToGateway>(STREAM_MESSAGES_MAX);
    const session: GatewaySession = { gatewayId, linked, load: undefined, takesDrain, drainOrdered: false, out };
    this.gateways.set(gatewayId, session);
    return session;
  }

  openShard(shard: LiveShard, takesDrain = false): ShardSession {
    this.shards.get(shard.shardId)?.out.close();
    const session = {
      shard,
      takesDrain,
      drainOrdered: false,
      out: new MessageQueue<ToShard>(STREAM_MESSAGES_MAX),
      awaiting: new Map<string, (answer: Allocation) => void>(),
    };
    this.shards.set(shard.shardId, session);
    return session;
  }

  /** Each of these gateways has a link there, or does not say. */
  allLinked(gatewayIds: Iterable<string>, address: string): boolean {
    for (const gatewayId of gatewayIds) if (this.gateways.get(gatewayId)?.linked?.has(address) === false) return false;
    return true;
  }

  /** At least one gateway has a link there or does not report its links, or no gateway is connected. */
  someLinked(address: string): boolean {
    if (this.gateways.size === 0) return true;
    for (const { linked } of this.gateways.values()) if (linked?.has(address) !== false) return true;
    return false;
  }

  /** @returns true when it was still the current one. */
  closeGateway(session: GatewaySession): boolean {
    session.out.close();
    if (this.gateways.get(session.gatewayId) !== session) return false;
    this.gateways.delete(session.gatewayId);
    return true;
  }

  closeShard(session: ShardSession): void {
    session.out.close();
    for (const answer of session.awaiting.values()) answer({ accepted: false, reason: "the shard disconnected" });
    if (this.shards.get(session.shard.shardId) === session) this.shards.delete(session.shard.shardId);
  }

  toGateways(message: ToGateway): void {
    for (const { out } of this.gateways.values()) out.push(message);
  }

  closeAll(): void {
    for (const session of [...this.gateways.values(), ...this.shards.values()]) session.out.close();
  }
}
