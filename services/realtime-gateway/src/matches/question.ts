// The question to the matchmaker where a match runs. It is repeated every second until it is withdrawn.

/** What the gateway asks the matchmaker. */
export interface RelocateRequest {
  readonly matchId: string;
  readonly epoch: number;
  readonly ticks: number;
  /** The shard is lost; otherwise the question is only where the match is. */
  readonly lost: boolean;
}

/** The matchmaker may have restarted, or found no shard with room. */
const ASK_AGAIN_MS = 1000;

export class MatchQuestion {
  readonly #send: (request: RelocateRequest) => void;
  /** Gets how long it has been asked for. */
  readonly #onTimer: (waitedMs: number) => void;
  #request: RelocateRequest | undefined;
  #since: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (request: RelocateRequest) => void, onTimer: (waitedMs: number) => void) {
    this.#send = send;
    this.#onTimer = onTimer;
  }

  /** In place of the one before, whose time goes on. @param waitMs 0: it is sent at once; else when the timer fires */
  ask(request: RelocateRequest, waitMs: number): void {
    this.#request = request;
    this.#since ??= performance.now();
    if (waitMs === 0) this.#send(request);
    this.#wait(waitMs === 0 ? ASK_AGAIN_MS : waitMs);
  }

  again(): void {
    if (!this.#request) return;
    this.#send(this.#request);
    this.#wait(ASK_AGAIN_MS);
  }

  withdraw(): void {
    clearTimeout(this.#timer);
    this.#request = this.#since = undefined;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimer(performance.now() - (this.#since ?? 0)), ms).unref();
  }
}

/** Hundreds of matches of one shard are one message: all that are asked for in a turn of the event loop. */
export class RelocateBatch {
  readonly #ask: (requests: readonly RelocateRequest[]) => void;
  #requests: RelocateRequest[] = [];

  constructor(ask: (requests: readonly RelocateRequest[]) => void) {
    this.#ask = ask;
  }

  add(request: RelocateRequest): void {
    if (this.#requests.push(request) > 1) return;
    setImmediate(() => {
      const requests = this.#requests;
      this.#requests = [];
      this.#ask(requests);
    });
  }
}
