// Why nobody is paired in a queue. STATE-MACHINE.md has the same table, and a test compares them.
export const QUEUE_PAUSES = {
  no_room: "All shards that run the game have as many matches as they take.",
  shards_busy: "The shards that have room have too much to do at the moment.",
  no_shard: "No shard that runs the game is there.",
} as const;

export type QueuePause = keyof typeof QUEUE_PAUSES;
