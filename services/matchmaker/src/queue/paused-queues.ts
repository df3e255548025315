// The queues in which nobody is paired because no shard would take the match. Their players are told why they wait.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PausedQueueSchema } from "@muster/contracts/matchmaking/v2";
import { isPractice, type Mode } from "@muster/modes";
import { type LiveShard, type Shortage, shortageOf } from "../placement/shards.ts";

/** A shortage that is over by then is nobody's news: a match ends, a shard comes back. */
const TOLD_AFTER_MS = 1000;

export interface PausedQueuesOptions {
  readonly modes: Readonly<Record<string, Mode>>;
  readonly shards: { readonly all: readonly LiveShard[] };
  readonly practiceShare: number;
  /** What is told has changed. */
  readonly onChange: (list: MessageInitShape<typeof PausedQueueSchema>[]) => void;
}

export class PausedQueues {
  readonly #options: PausedQueuesOptions;
  /** By mode, since when. */
  readonly #shortages = new Map<string, { readonly reason: Shortage; readonly since: number }>();
  #told = new Map<string, Shortage>();

  constructor(options: PausedQueuesOptions) {
    this.#options = options;
  }

  /** As gateways were told last. */
  get list(): MessageInitShape<typeof PausedQueueSchema>[] {
    return [...this.#told].map(([mode, reason]) => ({ mode, reason }));
  }

  /** By reason: those that gateways were told of. */
  count(reason: Shortage): number {
    return [...this.#told.values()].filter((told) => told === reason).length;
  }

  isPaused(mode: string): boolean {
    return this.#shortages.has(mode);
  }

  /** Before each pass. */
  look(now: number): void {
    const { modes, practiceShare } = this.#options;
    const shards = this.#options.shards.all;
    const told = new Map<string, Shortage>();
    for (const [name, mode] of Object.entries(modes)) {
      const reason = shortageOf(shards, mode.game, isPractice(mode) ? practiceShare : 1);
      if (reason === undefined) {
        this.#shortages.delete(name);
        continue;
      }
      const since = this.#shortages.get(name)?.since ?? now;
      this.#shortages.set(name, { reason, since });
      if (now - since >= TOLD_AFTER_MS) told.set(name, reason);
    }
    const isSame =
      told.size === this.#told.size && [...told].every(([mode, reason]) => this.#told.get(mode) === reason);
    this.#told = told;
    if (!isSame) this.#options.onChange(this.list);
  }
}
