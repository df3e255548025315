// The spectators of one match. A gateway requests the match from the shard once, however many spectators it has. The frames
// are delayed by the configured time and then sent to all of them like any snapshots. So a thousand spectators cost the shard
// one stream.
import type { LinkWatching } from "@muster/contracts/realtime/link/v1";
import type { Logger } from "@muster/log";
import type { Outbound } from "../connection/outbound.ts";
import { Fanout, type FanoutMetrics } from "../matches/fanout.ts";
import { DelayedFrames } from "./delayed-frames.ts";
import type { ReleaseTimer } from "./release-timer.ts";

/** A spectator's socket. */
export interface Spectator {
  readonly outbound: Outbound;
  onWatching(watching: LinkWatching): void;
  onWatchEnded(matchId: string, reason: string): void;
  /** A code of the error table. */
  onWatchRefused(code: string): void;
}

export interface SpectatorDelay {
  readonly delayMs: number;
  readonly perMatchMax: number;
  readonly releases: ReleaseTimer;
}

export interface MatchSpectatorsOptions {
  readonly matchId: string;
  readonly delay: SpectatorDelay;
  readonly metrics: FanoutMetrics;
  readonly log: Logger;
  /** The last one has gone. Called once. */
  readonly onEmpty: () => void;
}

export class MatchSpectators {
  readonly frames: DelayedFrames;
  readonly #options: MatchSpectatorsOptions;
  readonly #spectators = new Set<Spectator>();
  readonly #fanout: Fanout;
  /** Undefined while the match is looked for. */
  #watching: LinkWatching | undefined;

  constructor(options: MatchSpectatorsOptions) {
    const { matchId, delay, metrics, log } = options;
    this.#options = options;
    this.#fanout = new Fanout(metrics);
    this.frames = new DelayedFrames(this.#fanout, delay.delayMs, () => {
      log.warn({ matchId }, "too many frames to delay for spectators: they wait for the next keyframe");
    });
    if (delay.delayMs > 0) delay.releases.add(this.frames);
  }

  get size(): number {
    return this.#spectators.size;
  }

  /** @returns why not */
  add(spectator: Spectator): "watchers_full" | undefined {
    if (this.#spectators.size >= this.#options.delay.perMatchMax) return "watchers_full";
    this.#spectators.add(spectator);
    if (this.#watching) this.#admit(spectator, this.#watching);
    return undefined;
  }

  remove(spectator: Spectator): void {
    if (!this.#spectators.delete(spectator)) return;
    this.#fanout.remove(spectator.outbound);
    if (this.#spectators.size === 0) this.#close();
  }

  catchUp(spectator: Spectator): void {
    this.#fanout.catchUp(spectator.outbound);
  }

  /** The shard shows the match. */
  show(watching: LinkWatching): void {
    const first = this.#watching === undefined;
    if (!first) this.frames.restart(); // another shard goes on, perhaps from a tick that we have not seen
    this.#watching = watching;
    if (first) for (const spectator of this.#spectators) this.#admit(spectator, watching);
  }

  /** The end is seen as late as what led to it. */
  end(reason: string): void {
    this.frames.end(() => this.#dismiss((spectator) => spectator.onWatchEnded(this.#options.matchId, reason)));
  }

  /** The match is nowhere. @param toAsking what those hear who see nothing yet */
  refuse(code: string, toAsking: string): void {
    if (this.#watching) this.end(code);
    else this.#dismiss((spectator) => spectator.onWatchRefused(toAsking));
  }

  /** Nothing is shown any more. */
  stop(): void {
    this.#options.delay.releases.remove(this.frames);
  }

  #admit(spectator: Spectator, watching: LinkWatching): void {
    spectator.onWatching(watching);
    this.#fanout.add(spectator.outbound);
    this.#fanout.catchUp(spectator.outbound); // or with the next keyframe
  }

  #dismiss(tell: (spectator: Spectator) => void): void {
    for (const spectator of this.#spectators) tell(spectator);
    this.#spectators.clear();
    this.#close();
  }

  #close(): void {
    this.stop();
    this.#options.onEmpty();
  }
}
