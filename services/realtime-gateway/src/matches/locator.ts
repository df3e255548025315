// Where is a match? Asked of the matchmaker, again and again until it says, or until there is no point in waiting.
import type { Logger } from "@muster/log";
import type { ShardLink } from "../shards/shard-link.ts";

/** What the gateway asks the matchmaker. */
export interface RelocateRequest {
  readonly matchId: string;
  readonly epoch: number;
  readonly ticks: number;
  /** The shard is lost; otherwise the question is only where the match is. */
  readonly lost: boolean;
}

export interface MatchLocatorOptions {
  readonly ask: (requests: readonly RelocateRequest[]) => void;
  /** Nobody said anything. */
  readonly giveUp: (matchId: string, lost: boolean) => void;
  readonly log: Logger;
}

interface Asked extends RelocateRequest {
  readonly since: number;
  /** The link whose shard is suspected; it is open: when it speaks again, the question is taken back. */
  readonly suspect: ShardLink | undefined;
  timer: NodeJS.Timeout;
}

const ASK_AGAIN_MS = 1000;
/** After an answer that did not help (the shard that it names cannot be reached, or refuses): twice as long each time, up to the maximum. */
const BACK_OFF_MS = 250;
const BACK_OFF_MS_MAX = 1000;
/** Without an answer for so long the match is given up. */
const ASK_WITHIN_MS = 12_000;

export class MatchLocator {
  readonly #options: MatchLocatorOptions;
  readonly #asked = new Map<string, Asked>();
  /** Asked for in this turn. */
  #asking: RelocateRequest[] = [];
  /** Answered just now, and how long the next question has to wait. */
  readonly #backingOff = new Map<string, { readonly ms: number; readonly timer: NodeJS.Timeout }>();

  constructor(options: MatchLocatorOptions) {
    this.#options = options;
  }

  asks(matchId: string): boolean {
    return this.#asked.has(matchId);
  }

  /** Its shard is lost, and another one is looked for. */
  seeks(matchId: string): boolean {
    return this.#asked.get(matchId)?.lost === true;
  }

  /** A question that the shard is lost outdoes one that it is not. */
  ask(request: RelocateRequest, suspect?: ShardLink): void {
    const { matchId, lost } = request;
    const before = this.#asked.get(matchId);
    if (before && (before.lost || !lost)) return;
    if (before) clearTimeout(before.timer);
    const since = before?.since ?? performance.now();
    const backOff = this.#backingOff.get(matchId);
    this.#asked.set(matchId, {
      ...request,
      since,
      suspect,
      timer: this.#again(matchId, backOff?.ms ?? ASK_AGAIN_MS),
    });
    if (!backOff) this.#send(request);
  }

  answered(matchId: string): void {
    this.withdraw(matchId);
    const before = this.#backingOff.get(matchId);
    clearTimeout(before?.timer);
    const ms = before ? Math.min(before.ms * 2, BACK_OFF_MS_MAX) : BACK_OFF_MS;
    // Remembered beyond that time: the next answer comes a little later than that.
    const timer = setTimeout(() => this.#backingOff.delete(matchId), 2 * ms).unref();
    this.#backingOff.set(matchId, { ms, timer });
  }

  /** It is of no interest any more, or another question takes its place. */
  withdraw(matchId: string): void {
    clearTimeout(this.#asked.get(matchId)?.timer);
    this.#asked.delete(matchId);
  }

  /** @returns the matches whose questions are taken back: their shard is there after all */
  onHeardAgain(link: ShardLink): string[] {
    const matchIds = [...this.#asked].filter(([, { suspect }]) => suspect === link).map(([matchId]) => matchId);
    for (const matchId of matchIds) this.withdraw(matchId);
    return matchIds;
  }

  stop(): void {
    for (const { timer } of this.#asked.values()) clearTimeout(timer);
    this.#asked.clear();
  }

  /** The matchmaker may have restarted, or have had no place for it. */
  #again(matchId: string, afterMs = ASK_AGAIN_MS): NodeJS.Timeout {
    const timer = setTimeout(() => {
      const asked = this.#asked.get(matchId);
      if (!asked) return;
      if (performance.now() - asked.since > ASK_WITHIN_MS) {
        this.#asked.delete(matchId);
        this.#options.log.error({ matchId, epoch: asked.epoch }, "nobody says where a match is; given up");
        return this.#options.giveUp(matchId, asked.lost);
      }
      asked.timer = this.#again(matchId);
      this.#send(asked);
    }, afterMs);
    return timer.unref();
  }

  /** Hundreds of matches of one shard are one message. */
  #send({ matchId, epoch, ticks, lost }: RelocateRequest): void {
    if (this.#asking.push({ matchId, epoch, ticks, lost }) > 1) return;
    setImmediate(() => {
      this.#options.ask(this.#asking);
      this.#asking = [];
    });
  }
}
