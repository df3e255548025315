// Spectators. A gateway asks the shard for a match once, however many spectators it has here; what comes is held
// back by the configured delay, then fanned out like any snapshots. So a thousand of them cost the shard one stream.
import type { LinkWatching } from "@muster/contracts/realtime/link/v1";
import type { Logger } from "@muster/log";
import { DelayedFrames } from "./delayed-frames.ts";
import { Fanout, type FanoutMetrics } from "../matches/fanout.ts";
import type { Outbound } from "../connection/outbound.ts";
import type { LinkedMatch, ShardLink } from "../shards/shard-link.ts";

/** A spectator's socket. */
export interface Spectator {
  readonly outbound: Outbound;
  onWatching(watching: LinkWatching): void;
  onWatchEnded(matchId: string, reason: string): void;
  /** A code of the error table. */
  onWatchRefused(code: string): void;
}

/** Where matches are. */
export interface SpectatedMatches {
  match(matchId: string): LinkedMatch | undefined;
  /** Answered by `onPlaced` or `onNowhere`. */
  locate(matchId: string): void;
  /** It has no spectators any more. */
  unwatched(matchId: string): void;
}

export interface SpectatorsOptions {
  readonly matches: () => SpectatedMatches;
  readonly delayMs: number;
  /** Of one match, on this gateway; 0: nobody may watch. */
  readonly perMatchMax: number;
  readonly metrics: FanoutMetrics;
  readonly log: Logger;
}

interface Watched {
  readonly spectators: Set<Spectator>;
  readonly fanout: Fanout;
  readonly frames: DelayedFrames;
  /** Undefined while the match is looked for. */
  watching: LinkWatching | undefined;
  /** Where it was asked for last. */
  link: ShardLink | undefined;
  epoch: number;
  looks: number;
}

/** What is held back is looked at so often: under a tick at 30 a second. */
const RELEASE_EVERY_MS = 20;
/** A refused match is looked for elsewhere at most so often. */
const LOOKS_MAX = 3;

export class Spectators {
  readonly #options: SpectatorsOptions;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SpectatorsOptions) {
    this.#options = options;
  }

  get size(): number {
    return [...this.#watched.values()].reduce((sum, { spectators }) => sum + spectators.size, 0);
  }

  watches(matchId: string): boolean {
    return this.#watched.has(matchId);
  }

  /** @returns why not */
  watch(spectator: Spectator, matchId: string): "watching_off" | "watchers_full" | undefined {
    const { perMatchMax } = this.#options;
    if (perMatchMax === 0) return "watching_off";
    const watched = this.#watched.get(matchId) ?? this.#open(matchId);
    if (watched.spectators.size >= perMatchMax) return "watchers_full";
    watched.spectators.add(spectator);
    if (watched.watching) this.#admit(spectator, watched, watched.watching);
    return undefined;
  }

  stop(spectator: Spectator, matchId: string): void {
    const watched = this.#watched.get(matchId);
    if (!watched?.spectators.delete(spectator)) return;
    watched.fanout.remove(spectator.outbound);
    if (watched.spectators.size === 0) this.#close(matchId);
  }

  /** Its socket has drained. */
  catchUp(spectator: Spectator, matchId: string): void {
    this.#watched.get(matchId)?.fanout.catchUp(spectator.outbound);
  }

  stopAll(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  // ── from matches and links ─────────────────────────────────────────────────────────────────────────────────────

  /** The match runs here, or goes on here. */
  onPlaced(matchId: string, link: ShardLink, epoch: number): void {
    const watched = this.#watched.get(matchId);
    if (!watched) return;
    const isHere = watched.link === link && watched.epoch === epoch;
    if (isHere && (link.suspected || watched.watching)) return; // it has been asked, or is shown
    watched.link = link;
    watched.epoch = epoch;
    link.watch(matchId);
  }

  /** Where it runs is not looked for any more: it is here after all. */
  onFoundAgain(matchId: string, link: ShardLink): void {
    const watched = this.#watched.get(matchId);
    if (watched && !watched.watching && watched.link !== link) this.onPlaced(matchId, link, watched.epoch);
  }

  /** A question may have been lost with it. What was followed already is looked for by the registry. */
  onLinkClosed(link: ShardLink): void {
    for (const [matchId, watched] of this.#watched)
      if (watched.link === link && !watched.watching) this.#options.matches().locate(matchId);
  }

  onWatching(watching: LinkWatching): void {
    const watched = this.#watched.get(watching.matchId);
    const match = this.#options.matches().match(watching.matchId);
    if (!watched || !match) return;
    match.feed = watched.frames;
    const first = watched.watching === undefined;
    if (!first) watched.frames.restart(); // another shard goes on, perhaps from a tick that we have not seen
    watched.watching = watching;
    watched.looks = 0;
    if (first) for (const spectator of watched.spectators) this.#admit(spectator, watched, watching);
  }

  onWatchRefused(matchId: string, code: string): void {
    const watched = this.#watched.get(matchId);
    if (!watched) return;
    watched.link = undefined;
    if (watched.looks++ < LOOKS_MAX && code === "match_not_found") return this.#options.matches().locate(matchId);
    this.onNowhere(matchId, code);
  }

  /** The end is seen as late as what led to it. */
  onOver(matchId: string, reason: "ended" | "cancelled"): void {
    this.#watched.get(matchId)?.frames.end(() => this.#dismiss(matchId, reason));
  }

  /** @param toAsking what those hear who see nothing yet */
  onNowhere(matchId: string, code: string, toAsking: string = code): void {
    const watched = this.#watched.get(matchId);
    if (!watched) return;
    if (watched.watching) return watched.frames.end(() => this.#dismiss(matchId, code));
    for (const spectator of watched.spectators) spectator.onWatchRefused(toAsking);
    watched.spectators.clear();
    this.#close(matchId);
  }

  #open(matchId: string): Watched {
    const { metrics, delayMs, log } = this.#options;
    const fanout = new Fanout(metrics);
    const frames = new DelayedFrames(fanout, delayMs, () => {
      log.warn({ matchId }, "more frames than are held back for spectators: they wait for the next keyframe");
    });
    const watched: Watched = {
      spectators: new Set(),
      fanout,
      frames,
      watching: undefined,
      link: undefined,
      epoch: 0,
      looks: 0,
    };
    this.#watched.set(matchId, watched);
    if (delayMs > 0) this.#timer ??= setInterval(() => this.#release(), RELEASE_EVERY_MS).unref();
    // After this turn: the spectator is there when the answer is.
    queueMicrotask(() => this.#watched.get(matchId) === watched && this.#options.matches().locate(matchId));
    return watched;
  }

  #admit(spectator: Spectator, watched: Watched, watching: LinkWatching): void {
    spectator.onWatching(watching);
    watched.fanout.add(spectator.outbound);
    watched.fanout.catchUp(spectator.outbound); // or with the next keyframe
  }

  #dismiss(matchId: string, reason: string): void {
    const watched = this.#watched.get(matchId);
    if (!watched) return;
    for (const spectator of watched.spectators) spectator.onWatchEnded(matchId, reason);
    watched.spectators.clear();
    this.#close(matchId);
  }

  #close(matchId: string): void {
    this.#watched.delete(matchId);
    this.#options.matches().unwatched(matchId);
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #release(): void {
    const now = performance.now();
    for (const { frames } of this.#watched.values()) frames.release(now);
  }
}
