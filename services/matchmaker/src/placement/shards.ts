// The connected shards, and which of them gets the next match.

export interface ShardInfo {
  readonly shardId: string;
  /** host:port of its link. */
  readonly address: string;
  readonly capacity: number;
  /** Build id by game id. */
  readonly builds: ReadonlyMap<string, string>;
  /** What clients have to know of its games, JSON by game id; without those that it does not describe. */
  readonly descriptions: ReadonlyMap<string, string>;
  readonly region: string;
  /** It tells match-service what it holds. */
  readonly renewsLeases: boolean;
  /** It says which matches have begun. */
  readonly tellsBegun: boolean;
}

export interface LiveShard extends ShardInfo {
  /** As the shard reported last. */
  matches: number;
  /** Offered to it since that report. */
  given: number;
  draining: boolean;
  /** It has too much to do for further matches. */
  overloaded: boolean;
  /** It has been told to let its matches go. */
  evacuating: boolean;
  /** When it said anything last, milliseconds. */
  heardAt: number;
}

export interface WantedShard {
  readonly gameId: string;
  /** Empty: any is near. */
  readonly region?: string;
  readonly except: ReadonlySet<string>;
  /** Only this very build: what it has simulated, no other can go on with. */
  readonly buildId?: string;
  /** Only while less than that part of its capacity is in use. */
  readonly share?: number;
  /** For matches that are lost otherwise: one that is overloaded, rather than none. */
  readonly evenOverloaded?: boolean;
  readonly usable?: (shard: LiveShard) => boolean;
}

export class Shards {
  readonly #live = new Map<string, LiveShard>();

  get size(): number {
    return this.#live.size;
  }

  add(info: ShardInfo, now: number): LiveShard {
    const shard: LiveShard = {
      ...info,
      matches: 0,
      given: 0,
      draining: false,
      overloaded: false,
      evacuating: false,
      heardAt: now,
    };
    this.#live.set(info.shardId, shard);
    return shard;
  }

  remove(shard: LiveShard): void {
    if (this.#live.get(shard.shardId) === shard) this.#live.delete(shard.shardId);
  }

  get(shardId: string): LiveShard | undefined {
    return this.#live.get(shardId);
  }

  /** Another one that gateways would reach at the same address. */
  twinOf({ shardId, address }: Pick<ShardInfo, "shardId" | "address">): LiveShard | undefined {
    return this.all.find((shard) => shard.address === address && shard.shardId !== shardId);
  }

  get all(): LiveShard[] {
    return [...this.#live.values()];
  }

  /** Of a game, each build as often as shards describe it differently. */
  buildsOf(gameId: string): { gameId: string; buildId: string; descriptionJson: string }[] {
    const found = new Map<string, { gameId: string; buildId: string; descriptionJson: string }>();
    for (const { builds, descriptions } of this.#live.values()) {
      const [buildId, descriptionJson] = [builds.get(gameId), descriptions.get(gameId)];
      if (buildId !== undefined && descriptionJson) found.set(descriptionJson, { gameId, buildId, descriptionJson });
    }
    return [...found.values()].toSorted((a, b) => (a.buildId < b.buildId ? -1 : 1));
  }
}

/** The least loaded, by share of its capacity, of the shards that can take the game; those in the region first. */
export function pickShard(shards: Iterable<LiveShard>, wanted: WantedShard): LiveShard | undefined {
  const { gameId, region = "", except, buildId, share = 1, evenOverloaded = false, usable } = wanted;
  let best: LiveShard | undefined;
  for (const shard of shards) {
    if (isFull(shard, share) || shard.draining || except.has(shard.shardId) || !shard.builds.has(gameId)) continue;
    if (buildId !== undefined && shard.builds.get(gameId) !== buildId) continue;
    if (shard.overloaded && !evenOverloaded) continue;
    if (usable && !usable(shard)) continue;
    if (!best || better(shard, best, region)) best = shard;
  }
  return best;
}

/** Why no match of a game can begin at the moment. */
export type Shortage = "no_shard" | "no_room" | "shards_busy";

/** Undefined: a shard takes one, if the players' gateways are linked to it. */
export function shortageOf(shards: readonly LiveShard[], gameId: string, share: number): Shortage | undefined {
  const running = shards.filter((shard) => shard.builds.has(gameId) && !shard.draining);
  if (running.length === 0) return "no_shard";
  const withRoom = running.filter((shard) => !isFull(shard, share));
  if (withRoom.length === 0) return "no_room";
  return withRoom.every((shard) => shard.overloaded) ? "shards_busy" : undefined;
}

function isFull(shard: LiveShard, share: number): boolean {
  return shard.matches + shard.given >= shard.capacity * share;
}

function better(a: LiveShard, b: LiveShard, region: string): boolean {
  if (a.overloaded !== b.overloaded) return b.overloaded;
  const [nearA, nearB] = [region !== "" && a.region === region, region !== "" && b.region === region];
  return nearA === nearB ? load(a) < load(b) : nearA;
}

function load(shard: LiveShard): number {
  return (shard.matches + shard.given) / shard.capacity;
}
