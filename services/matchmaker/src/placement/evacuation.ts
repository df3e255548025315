// Moves the matches of a stopping shard to other shards as soon as these have room.
import type { PeerSessions } from "./peer-sessions.ts";
import type { LiveShard, Shards } from "./shards.ts";

export function evacuateDraining(shards: Shards, sessions: PeerSessions): void {
  for (const shard of shards.all) {
    if (!shard.draining || shard.evacuating) continue;
    const others = shards.all.filter((other) => other !== shard && !other.draining && roomFor(other, shard));
    if (others.length === 0) continue;
    shard.evacuating = true;
    sessions.shards.get(shard.shardId)?.out.push({ message: { case: "evacuate", value: {} } });
  }
}

/** It can simulate everything that the other one runs. Whether all of it fits, its answers will say. */
function roomFor(other: LiveShard, shard: LiveShard): boolean {
  const sameBuilds = [...shard.builds].every(([game, build]) => other.builds.get(game) === build);
  return sameBuilds && other.matches + other.given + shard.matches <= other.capacity;
}
