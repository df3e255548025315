import type { ServerControl } from "@muster/contracts/realtime/v1/client";
import { type Fields, type Game, MalformedBitsError } from "@muster/game-kit";
import { ChatInbox } from "./chat.ts";
import { MusterError } from "./errors.ts";
import type { GatewaySocket, TokenSource } from "./gateway-socket.ts";
import { ReconnectingSocket } from "./reconnecting-socket.ts";
import { PlayingMatch } from "./match.ts";
import { type FoundMatch, foundMatch, leftQueue, type Queued, type QueueOptions } from "./queue.ts";
import { differenceTo, type JoinOptions } from "./same-game.ts";
import { WatchedMatch } from "./watched-match.ts";

export interface RealtimeOptions {
  /** How long to try to come back after a lost connection. Default 30,000. */
  readonly reconnectWithinMs?: number;
  /** For tests: another WebSocket class. */
  readonly webSocket?: typeof WebSocket;
  /** For tests: what tells of the network (`online`). Default: the browser's window. */
  readonly network?: EventTarget;
}

const RECONNECT_WITHIN_MS = 30_000;
/** Of the connection, while one question waits for its answer. */
const LOSSES_MAX = 10;
const CHAT_AGAIN_MS = 3000;
/** A seat that nobody could give back: the match is most likely on its way to another shard. */
const SEAT_AGAIN_MS = 500;

/** What a join with a good ticket is refused with. */
const SEATLESS: ReadonlySet<string> = new Set(
  "match_not_found match_over stale_epoch shard_unavailable not_in_match".split(" "),
);

/** The realtime connection of one player: queue, play, come back. */
export class Realtime {
  readonly #connection: ReconnectingSocket;
  readonly #reconnectWithinMs: number;
  readonly #closedListeners = new Set<(reason: MusterError) => void>();
  #queued: Queued | undefined;
  #inbox: ChatInbox | undefined;
  #playing: { match: PlayingMatch; seatTicket: string } | undefined;
  #watched: WatchedMatch | undefined;

  constructor(url: string, token: TokenSource, options: RealtimeOptions) {
    const { reconnectWithinMs = RECONNECT_WITHIN_MS, webSocket, network } = options;
    this.#reconnectWithinMs = reconnectWithinMs;
    this.#connection = new ReconnectingSocket(
      { url, token, reconnectWithinMs, webSocket, network },
      {
        onFrame: (frame) => this.#onFrame(frame),
        onControl: (control, asked) => this.#onControl(control, asked),
        resume: () => this.#resume(),
        seated: () => this.#playing !== undefined,
        playing: () => this.#playing?.match.ticks ?? false,
        takeSeat: (at, taken) => this.#takeSeat(at, taken),
        onMoved: () => this.#resumeChat(),
        onGivenUp: (reason) => this.#onGivenUp(reason),
      },
    );
  }

  /** Resolves when connected and authenticated. @throws MusterError */
  async ready(): Promise<void> {
    await this.#connection.ready();
  }

  /** Called when the connection is gone for good. */
  onClosed(listener: (reason: MusterError) => void): void {
    this.#closedListeners.add(listener);
  }

  /**
   * Waits for a match. Who holds a seat in one of the same mode gets that one, `held`.
   * @throws MusterError cancelled, already_in_match with the seat that is held in another mode as `details.found`, or a code of the
   * realtime error table, with `details.retryAfterMs` where it is worth another try after that
   */
  async queue(mode: string, options: QueueOptions = {}): Promise<FoundMatch> {
    await this.ready();
    if (this.#queued) throw new MusterError("already_queued", "this connection waits already");
    options.signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<FoundMatch>();
    promise.catch(() => undefined); // the caller gets it below, or the enqueue's own failure first
    this.#queued = { mode, region: options.region ?? "", ticketId: "", found: resolve, failed: reject };
    const cancel = (): void =>
      void this.#connection.socket?.ask({ case: "cancelQueue", value: {} }).catch(() => undefined);
    options.signal?.addEventListener("abort", cancel, { once: true });
    try {
      await this.#throughLosses(
        () => this.#enqueue(),
        () => this.ready(), // which has queued again
      );
      return await promise;
    } finally {
      this.#queued = undefined;
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  /**
   * Takes the seat.
   * @throws MusterError, by the realtime error table; after `shard_unavailable` the same seat may be asked for again. And wrong_game,
   * wrong_layout or wrong_build when the match is not of the very `game`: the seat is taken then (unless `found` said it already, by
   * its `gameId`), and `leaveMatch` gives it up
   */
  async join<S extends Fields, I extends Fields>(
    found: Pick<FoundMatch, "seatTicket"> & Partial<Pick<FoundMatch, "gameId">>,
    game: Game<S, I>,
    options: JoinOptions = {},
  ): Promise<PlayingMatch<S, I>> {
    const { seatTicket, gameId = "" } = found;
    let difference = differenceTo({ gameId, buildId: "", layoutHash: "" }, game);
    if (difference) throw difference;
    await this.ready();
    let match: PlayingMatch<S, I> | undefined;
    const ask = (): Promise<ServerControl["message"]> =>
      this.#connection.connected.ask({ case: "joinMatch", value: { seatTicket } }, (joined) => {
        if (joined.case !== "matchJoined") return;
        // Before anything else is read: the keyframe follows at once.
        this.#endWatching();
        difference = differenceTo(joined.value, game, options);
        if (difference) return;
        match = new PlayingMatch(joined.value, game, (frame) => this.#connection.socket?.send(frame));
        this.#playing = { match: match as unknown as PlayingMatch, seatTicket };
      });
    const answer = await this.#throughLosses(ask, async () => {
      await this.ready();
      return ask();
    }).catch((err: unknown) => {
      // The gateway had stopped showing another match when it asked the shard.
      if (err instanceof MusterError && SEATLESS.has(err.code)) this.#endWatching();
      throw err;
    });
    if (difference) throw difference;
    if (answer.case !== "matchJoined" || !match) throw new MusterError("internal", `unexpected answer ${answer.case}`);
    return match;
  }

  /**
   * Looks on at a match, as a spectator. It is shown with the server's delay, and goes on over reconnects.
   * @throws MusterError match_not_found, match_over, watching_off, watchers_full, already_in_match; wrong_game, wrong_layout or
   * wrong_build when the match is not of the very `game`
   */
  async watch<S extends Fields>(matchId: string, game: Game<S>, options: JoinOptions = {}): Promise<WatchedMatch<S>> {
    await this.ready();
    const watched = new WatchedMatch(matchId, game);
    const before = this.#watched;
    this.#watched = watched as unknown as WatchedMatch;
    let difference: MusterError | undefined;
    try {
      const answer = await this.#connection.connected.ask({ case: "watchMatch", value: { matchId } }, (watching) => {
        if (watching.case !== "watching") return;
        difference = differenceTo(watching.value, game, options);
        if (difference) this.#watched = undefined; // none of its frames is looked at
      });
      if (difference) {
        await this.stopWatching().catch(() => undefined); // it may be over by itself
        throw difference;
      }
      if (answer.case !== "watching") throw new MusterError("internal", `unexpected answer ${answer.case}`);
      watched.delayMs = answer.value.delayMs;
      return watched;
    } catch (err) {
      if (this.#watched === (watched as unknown as WatchedMatch)) this.#watched = undefined;
      throw err;
    } finally {
      before?.onEnded("stopped");
    }
  }

  async stopWatching(): Promise<void> {
    const watched = this.#watched; // its answer ends nothing that is begun meanwhile
    await this.#connection.connected.ask({ case: "stopWatching", value: {} }, (answer) => {
      if (watched && answer.case === "watchEnded") this.#endWatching(answer.value.reason, watched);
    });
  }

  /** Gives the seat up: a forfeit. */
  async leaveMatch(): Promise<void> {
    await this.#connection.connected.ask({ case: "leaveMatch", value: {} });
  }

  /**
   * Has chat messages delivered: every message, edit and deletion of the player's channels from now on, each once, over
   * reconnects too. A channel with `reset` was missed for too long: read its history from the last message on.
   * @throws MusterError chat_unavailable
   */
  async subscribeToChat(listeners: Parameters<ChatInbox["listen"]>[0]): Promise<void> {
    this.#inbox ??= new ChatInbox();
    this.#inbox.listen(listeners);
    await this.#subscribeToChat();
  }

  /** @returns the message's number in its channel. @throws MusterError by the realtime error table */
  async sendChat(channelId: string, body: string, key: string = crypto.randomUUID()): Promise<number> {
    const answer = await this.#connection.connected.ask({ case: "chatSend", value: { channelId, body, key } });
    if (answer.case !== "chatSent") throw new MusterError("internal", `unexpected answer ${answer.case}`);
    return Number(answer.value.seq);
  }

  /** Round trip through the gateway, milliseconds. */
  async ping(): Promise<number> {
    const at = performance.now();
    await this.#connection.connected.ask({ case: "ping", value: { payload: 0n } });
    return performance.now() - at;
  }

  close(): void {
    this.#connection.giveUp(new MusterError("closed", "closed by the caller"));
  }

  /** For tests of reconnects: loses the connection as a network would. */
  dropForTest(): void {
    this.#connection.socket?.close();
  }

  /** On a connection that is new to the match. `taken` runs before any of its frames is looked at. */
  async #takeSeat(socket: GatewaySocket, taken: () => void = () => undefined): Promise<void> {
    if (!this.#playing) throw new MusterError("match_over", "the match is over");
    const { match, seatTicket } = this.#playing;
    const value = { seatTicket, lastMatchSeq: match.matchSeq };
    await socket.ask({ case: "joinMatch", value }, (joined) => {
      if (joined.case !== "matchJoined") return;
      taken();
      match.onResumed(joined.value, true);
    });
  }

  /** Nobody waits for long at a gateway; the match may need longer to be somewhere again. */
  async #takeSeatAgain(socket: GatewaySocket): Promise<void> {
    for (const since = performance.now(); ; await wait(SEAT_AGAIN_MS)) {
      if (this.#connection.socket !== socket) throw new MusterError("closed", "the connection was lost again");
      try {
        return await this.#takeSeat(socket);
      } catch (err) {
        const code = err instanceof MusterError ? err.code : "";
        if (code !== "shard_unavailable" || performance.now() - since > this.#reconnectWithinMs) throw err;
      }
    }
  }

  /** What was going on before the connection was lost goes on. */
  async #resume(): Promise<void> {
    this.#resumeChat();
    if (this.#playing) {
      const { match } = this.#playing;
      try {
        await this.#takeSeatAgain(this.#connection.connected);
      } catch (err) {
        if (!(err instanceof MusterError) || err.code === "closed") throw err;
        this.#playing = undefined;
        match.onCancelled(err.code);
      }
      return;
    }
    if (this.#queued) await this.#enqueueAgain(this.#queued);
    if (this.#watched) await this.#watchAgain(this.#watched);
  }

  /** A connection that is lost before the answer comes back by itself: then it goes on with `again`. @throws MusterError */
  async #throughLosses<T>(ask: () => Promise<T>, again: () => Promise<T>): Promise<T> {
    for (let losses = 0; ; losses++) {
      try {
        return await (losses === 0 ? ask() : again());
      } catch (err) {
        const lost = err instanceof MusterError && err.code === "closed" && !this.#connection.closed;
        if (!lost || losses === LOSSES_MAX) throw err;
      }
    }
  }

  async #enqueueAgain(queued: Queued): Promise<void> {
    try {
      await this.#enqueue();
    } catch (err) {
      if (!(err instanceof MusterError) || err.code === "closed") throw err;
      queued.failed(err); // the connection is as good as any
    }
  }

  async #watchAgain(watched: WatchedMatch): Promise<void> {
    try {
      await this.#connection.connected.ask({ case: "watchMatch", value: { matchId: watched.matchId } });
    } catch (err) {
      if (!(err instanceof MusterError) || err.code === "closed") throw err;
      this.#watched = undefined;
      watched.onEnded(err.code);
    }
  }

  async #subscribeToChat(): Promise<void> {
    await this.#connection.connected.ask({ case: "chatSubscribe", value: { cursors: this.#inbox?.cursors ?? [] } });
  }

  #resumeChat(): void {
    if (this.#inbox) this.#subscribeToChat().catch((err: unknown) => this.#chatLost(err));
  }

  /** Chat is down while the rest works: asked for again until it is there or the connection is not. */
  #chatLost(err: unknown): void {
    if (this.#connection.closed || !(err instanceof MusterError) || err.code === "closed") return;
    const timer = setTimeout(() => this.#resumeChat(), CHAT_AGAIN_MS);
    (timer as { unref?: () => void }).unref?.();
  }

  async #enqueue(): Promise<void> {
    if (!this.#queued) return;
    const { mode, region, ticketId: resumeTicketId } = this.#queued;
    await this.#connection.connected.ask({ case: "enqueue", value: { mode, region, resumeTicketId } });
  }

  #onFound(found: FoundMatch): void {
    if (!this.#queued) return;
    if (!found.held || found.mode === this.#queued.mode) return this.#queued.found(found);
    const text = `you hold a seat in a match of ${found.mode}: take it, and leave it, to play another`;
    this.#queued.failed(new MusterError("already_in_match", text, { details: { found } }));
  }

  #endWatching(reason = "stopped", watched = this.#watched): void {
    watched?.onEnded(reason);
    if (this.#watched === watched) this.#watched = undefined;
  }

  /** What is played, when it is this match: the end of another one may come late. */
  #over(matchId: string): PlayingMatch | undefined {
    const match = this.#playing?.match;
    if (match?.matchId !== matchId) return undefined;
    this.#playing = undefined;
    return match;
  }

  /** Bytes that are no frame of the game end the match here: nothing behind them can be read either. */
  #onFrame(frame: Uint8Array): void {
    const [playing, watched] = [this.#playing, this.#watched];
    try {
      (playing?.match ?? watched)?.onFrame(frame);
    } catch (err) {
      if (!(err instanceof MalformedBitsError)) throw err;
      if (playing) {
        this.#playing = undefined;
        this.leaveMatch().catch(() => undefined); // or the others would play against a seat that never acts
        playing.match.onCancelled("bad_frame");
      } else {
        this.#watched = undefined;
        this.stopWatching().catch(() => undefined);
        watched?.onEnded("bad_frame");
      }
    }
  }

  #onControl({ matchSeq, message }: ServerControl, asked: boolean): void {
    if (this.#playing && !this.#playing.match.isNews(matchSeq)) return; // sent again, and had before
    switch (message.case) {
      case "matchFound":
        return this.#onFound(foundMatch(message.value));
      case "queueLeft":
        return this.#queued?.failed(leftQueue(message.value));
      case "matchJoined": // unasked: it has moved
        if (!asked) this.#playing?.match.onResumed(message.value, false);
        return;
      case "matchEnded":
        return this.#over(message.value.matchId)?.onEnded(message.value);
      case "matchCancelled":
        return this.#over(message.value.matchId)?.onCancelled(message.value.reason);
      case "chatChannels":
        return this.#inbox?.channels(message.value.channels);
      case "chatChanged":
        return this.#inbox?.changed(message.value);
      case "seatStatus":
        return this.#playing?.match.onSeat(message.value);
      case "error":
        if (!asked) this.#playing?.match.onRefused(message.value.code, message.value.count);
        return;
      case "queued":
        if (this.#queued) this.#queued.ticketId = message.value.ticketId;
        return;
      case "watchEnded":
        if (!asked && message.value.matchId === this.#watched?.matchId) this.#endWatching(message.value.reason);
        return;
      case "goingAway": // the line's
      case "watching":
      case "welcome":
      case "chatSent":
      case "pong":
      case undefined:
        return;
    }
  }

  #onGivenUp(reason: MusterError): void {
    this.#queued?.failed(reason);
    this.#playing?.match.onCancelled(reason.code);
    this.#playing = undefined;
    this.#watched?.onEnded(reason.code);
    this.#watched = undefined;
    for (const listener of this.#closedListeners) listener(reason);
  }
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
