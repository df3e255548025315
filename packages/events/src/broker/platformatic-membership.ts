// A membership of a consumer group, with the protocol's own calls. The library's Consumer joins a group again as soon as it hears of a
// rebalance, while records of the partitions that it loses are still being handled; this one asks its owner first.
import type { Logger } from "@muster/log";
import { sleep } from "@muster/runtime";
import {
  type Admin as LibraryAdmin,
  type BaseOptions,
  type Connection,
  ConnectionPool,
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
  FindCoordinatorKeyTypes,
  type joinGroupV9,
  type syncGroupV5,
} from "@platformatic/kafka";
import { anyConnection, type BrokerAddress, brokerError, protocolFault, request } from "./platformatic-calls.ts";

/** How long the other members wait in a rebalance for one that is still handling records. */
const REBALANCE_MS = 60_000;
const SLOWER_THAN_REBALANCE_MS = 5000;
/** KafkaJS's name for the same: a group may have members of both, while an installation changes from one to the other. */
const PROTOCOL = "RoundRobinAssigner";
const PROTOCOL_TYPE = "consumer";
const RETRY_MS = 100;
/** A coordinator that is loading, or moving, is waited for this often before somebody hears of it. */
const JOIN_TRIES = 100;
const COMMIT_TRIES = 4;

export interface Generation {
  readonly id: number;
  readonly memberId: string;
  readonly assigned: readonly { readonly topic: string; readonly partitions: readonly number[] }[];
}

export interface MembershipOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionMs: number;
  readonly stop: AbortSignal;
  readonly log: Logger;
}

const COORDINATOR_AWAY = new Set(["COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR"]);
const NOT_A_MEMBER = new Set(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "FENCED_INSTANCE_ID"]);
const REBALANCING = "REBALANCE_IN_PROGRESS";

export class Membership {
  readonly #client: LibraryAdmin;
  readonly #options: MembershipOptions;
  /** An answer to a join takes as long as the slowest member of the group. */
  readonly #joins: ConnectionPool;
  #coordinator: BrokerAddress | undefined;
  /** Kept while the broker is away: who comes back under the same name is not waited for under the old one. */
  #memberId: string;

  constructor(client: LibraryAdmin, base: BaseOptions, memberId: string, options: MembershipOptions) {
    this.#client = client;
    this.#memberId = memberId;
    this.#options = options;
    this.#joins = new ConnectionPool(base.clientId, {
      ...base,
      requestTimeout: REBALANCE_MS + SLOWER_THAN_REBALANCE_MS,
    });
  }

  get memberId(): string {
    return this.#memberId;
  }

  /** @throws BrokerError */
  async join(): Promise<Generation> {
    const { stop, log, group } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#join();
      } catch (err) {
        const fault = protocolFault(err);
        if (!fault || stop.aborted || tries === JOIN_TRIES) throw brokerError(err);
        if (fault.apiId === "MEMBER_ID_REQUIRED") {
          this.#memberId = fault.memberId ?? "";
          continue;
        }
        if (COORDINATOR_AWAY.has(fault.apiId)) this.#coordinator = undefined;
        else if (!this.#lossOf(err)) throw brokerError(err);
        log.debug({ group, reason: fault.apiId }, "joining a group again");
        await sleep(RETRY_MS, stop);
      }
    }
  }

  /** @returns why it is no member of this generation any more, if it is not. @throws BrokerError when that is not known */
  async heartbeat({ id, memberId }: Generation): Promise<"rebalance" | "lost" | undefined> {
    try {
      await this.#call("Heartbeat", id, memberId, null);
      return undefined;
    } catch (err) {
      return this.#lossOf(err) ?? Promise.reject(brokerError(err));
    }
  }

  /** @throws BrokerError, after `onLost` when it is no member of this generation any more */
  async commit(
    { id, memberId }: Generation,
    { topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: bigint },
    onLost: (why: "rebalance" | "lost") => void,
  ): Promise<void> {
    const partitions = [
      { partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: -1, committedMetadata: null },
    ];
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#call("OffsetCommit", id, memberId, null, [{ name: topic, partitions }]);
        return;
      } catch (err) {
        const loss = this.#lossOf(err);
        if (loss) onLost(loss);
        if (loss || tries === COMMIT_TRIES) throw brokerError(err);
        await sleep(RETRY_MS * tries);
      }
    }
  }

  /** So that the others need not wait until this member's session has ended. */
  async leave(): Promise<void> {
    if (this.#memberId === "" || !this.#coordinator) return;
    const memberId = this.#memberId;
    this.#memberId = "";
    await this.#call("LeaveGroup", [{ memberId }]).catch((err: unknown) =>
      this.#options.log.debug({ err }, `did not leave the group ${this.#options.group}`),
    );
  }

  /** Also ends a join that is under way. */
  async close(): Promise<void> {
    await this.#joins.close();
  }

  #lossOf(err: unknown): "rebalance" | "lost" | undefined {
    const { apiId = "" } = protocolFault(err) ?? {};
    if (apiId === REBALANCING) return "rebalance";
    if (!NOT_A_MEMBER.has(apiId)) {
      this.#coordinator = undefined;
      return undefined;
    }
    if (apiId !== "ILLEGAL_GENERATION") this.#memberId = "";
    return "lost";
  }

  async #join(): Promise<Generation> {
    const { group, topics, sessionMs } = this.#options;
    const connection = await this.#joins.get(await this.#findCoordinator());
    const metadata = encodeConsumerProtocolSubscription({ version: 1, topics: [...topics], userData: NOTHING });
    const joined = await request<joinGroupV9.JoinGroupResponse>(
      this.#client,
      connection,
      "JoinGroup",
      group,
      sessionMs,
      REBALANCE_MS,
      this.#memberId,
      null,
      PROTOCOL_TYPE,
      [{ name: PROTOCOL, metadata }],
      "",
    );
    const { generationId: id, memberId } = joined;
    this.#memberId = memberId;
    const synced = await request<syncGroupV5.SyncGroupResponse>(
      this.#client,
      connection,
      "SyncGroup",
      group,
      id,
      memberId,
      null,
      PROTOCOL_TYPE,
      PROTOCOL,
      joined.leader === memberId ? await this.#assign(joined) : [],
    );
    return { id, memberId, assigned: decodeConsumerProtocolAssignment(synced.assignment).assignedPartitions };
  }

  /** What the leader of a group does for all: the partitions of all topics by turns, each to a member that wants its topic. */
  async #assign({ members }: joinGroupV9.JoinGroupResponse): Promise<{ memberId: string; assignment: Buffer }[]> {
    const wishes = members
      .map(({ memberId, metadata }) => ({
        memberId,
        topics: decodeConsumerProtocolSubscription(metadata).topics ?? [],
      }))
      .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
    const topics = [...new Set(wishes.flatMap((wish) => wish.topics))].toSorted();
    const metadata = await this.#client.metadata({ topics, forceUpdate: true });
    const assigned = new Map(wishes.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
    let turn = 0;
    for (const topic of topics) {
      const takers = wishes.filter((wish) => wish.topics.includes(topic));
      for (const partition of metadata.topics.get(topic)?.partitions.keys() ?? []) {
        const ofTaker = assigned.get(takers[turn++ % takers.length]?.memberId ?? "");
        ofTaker?.set(topic, [...(ofTaker.get(topic) ?? []), partition]);
      }
    }
    return [...assigned].map(([memberId, ofMember]) => ({
      memberId,
      assignment: encodeConsumerProtocolAssignment({
        version: 0,
        assignedPartitions: [...ofMember].map(([topic, partitions]) => ({ topic, partitions })),
        userData: NOTHING,
      }),
    }));
  }

  async #call(name: string, ...args: unknown[]): Promise<void> {
    const connection: Connection = await this.#client.connections.get(await this.#findCoordinator());
    await request(this.#client, connection, name, this.#options.group, ...args);
  }

  async #findCoordinator(): Promise<BrokerAddress> {
    if (this.#coordinator) return this.#coordinator;
    const { coordinators } = await request<{ coordinators: readonly BrokerAddress[] }>(
      this.#client,
      await anyConnection(this.#client),
      "FindCoordinator",
      FindCoordinatorKeyTypes.GROUP,
      [this.#options.group],
    );
    const [found] = coordinators;
    if (!found) throw new Error(`no coordinator for the group ${this.#options.group}`);
    this.#coordinator = { host: found.host, port: found.port };
    return this.#coordinator;
  }
}

const NOTHING = Buffer.alloc(0);
