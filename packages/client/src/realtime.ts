import type { ServerControl } from "@muster/contracts/realtime/v1/client";
import { type Fields, type Game, MalformedBitsError } from "@muster/game-kit";
import { ChatInbox } from "./chat.ts";
import type { ConnectionListener } from "./connection-state.ts";
import { MusterError, SEATLESS } from "./errors.ts";
import type { GatewaySocket, TokenSource } from "./gateway-socket.ts";
import { ReconnectingSocket } from "./reconnecting-socket.ts";
import { PlayingMatch } from "./match.ts";
import { type FoundMatch, onQueueMessage, type Queued, type QueueOptions } from "./queue.ts";
import type { RealtimeOptions } from "./realtime-options.ts";
import { differenceTo, type JoinOptions } from "./same-game.ts";
import { WatchedMatch } from "./watched-match.ts";

const RECONNECT_WITHIN_MS = 30_000;
/** Lost connections tolerated while one request waits for its answer. */
const LOSSES_MAX = 10;
const CHAT_AGAIN_MS = 3000;
/** For a seat that no shard could give: the match is probably moving to another shard. */
const SEAT_AGAIN_MS = 500;

/** The realtime connection of one player: queueing, playing, watching, chat and reconnects. */
export class Realtime {
  readonly #connection: ReconnectingSocket;
  readonly #reconnectWithinMs: number;
  #queued: Queued | undefined;
  #inbox: ChatInbox | undefined;
  #playing: { match: PlayingMatch; seatTicket: string } | undefined;
  #watched: WatchedMatch | undefined;

  constructor(url: string, token: TokenSource, options: RealtimeOptions) {
    this.#reconnectWithinMs = options.reconnectWithinMs ?? RECONNECT_WITHIN_MS;
    this.#connection = new ReconnectingSocket(
      { ...options, url, token, reconnectWithinMs: this.#reconnectWithinMs },
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

  /** Calls `listener` when the connection is closed and will not reconnect. */
  onClosed(listener: (reason: MusterError) => void): void {
    this.onConnection(({ state, reason }) => state === "closed" && listener(reason));
  }

  /** Tells `listener` how the connection is now, and every change, until it is closed. @returns ends that */
  onConnection(listener: ConnectionListener): () => void {
    return this.#connection.states.listen(listener);
  }

  /**
   * Waits for a match. A player who already holds a seat in this mode gets that match, with `held` set.
   * @throws MusterError cancelled; already_in_match if the player holds a seat in another mode (`details.found`); or a code of the
   * realtime error table, with `details.retryAfterMs` if a retry after that time may succeed
   */
  async queue(mode: string, options: QueueOptions = {}): Promise<FoundMatch> {
    await this.ready();
    if (this.#queued) throw new MusterError("already_queued", "this connection is already in a queue");
    const { region = "", signal, onPaused } = options;
    if (signal?.aborted) throw new MusterError("cancelled", "left the queue: cancelled");
    const { promise, resolve, reject } = Promise.withResolvers<FoundMatch>();
    promise.catch(() => undefined); // the caller awaits it below, unless enqueueing fails first
    this.#queued = { mode, region, signal, ticketId: "", paused: "", onPaused, found: resolve, failed: reject };
    const cancel = (): void => this.#cancelQueue();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      await this.#throughLosses(
        () => this.#enqueue(),
        () => this.ready(), // the reconnect queues again
      );
      return await promise;
    } finally {
      this.#queued = undefined;
      signal?.removeEventListener("abort", cancel);
    }
  }

  /**
   * Takes the seat.
   * @throws MusterError with a code of the realtime error table; after `shard_unavailable`, join again with the same ticket. Also
   * wrong_game, wrong_layout or wrong_build if the match does not play exactly this `game`. The seat is then taken (unless the
   * `gameId` of `found` already differed); `leaveMatch` gives it up
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
        // Set up before any other frame is read: the keyframe follows immediately.
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
      // The gateway stopped the match that this connection was watching before it asked the shard.
      if (err instanceof MusterError && SEATLESS.has(err.code)) this.#endWatching();
      throw err;
    });
    if (difference) throw difference;
    if (answer.case !== "matchJoined" || !match) throw new MusterError("internal", `unexpected answer ${answer.case}`);
    return match;
  }

  /**
   * Watches a match as a spectator, with the server's delay. Watching continues across reconnects.
   * @throws MusterError match_not_found, match_over, watching_off, watchers_full, already_in_match; wrong_game, wrong_layout or
   * wrong_build if the match does not play exactly this `game`
   */
  async watch<S extends Fields>(matchId: string, game: Game<S>, options: JoinOptions = {}): Promise<WatchedMatch<S>> {
    await this.ready();
    const watched = new WatchedMatch(matchId, game);
    const before = this.#watched;
    this.#watched = watched as unknown as WatchedMatch;
    const isWatched = (): boolean => this.#watched === (watched as unknown as WatchedMatch);
    let difference: MusterError | undefined;
    try {
      const answer = await this.#connection.connected.ask({ case: "watchMatch", value: { matchId } }, (watching) => {
        if (watching.case !== "watching") return;
        difference = differenceTo(watching.value, game, options);
        if (difference && isWatched()) this.#watched = undefined; // ignore all of its frames
      });
      if (difference) {
        if (!this.#watched) await this.stopWatching().catch(() => undefined); // this one; it may have ended already
        throw difference;
      }
      if (answer.case !== "watching") throw new MusterError("internal", `unexpected answer ${answer.case}`);
      watched.onWatching(answer.value);
      return watched;
    } catch (err) {
      if (isWatched()) this.#watched = undefined;
      throw err;
    } finally {
      before?.onEnded("stopped");
    }
  }

  /** `match`: does nothing if another one is watched by now, or none. */
  async stopWatching(match?: Pick<WatchedMatch, "ended">): Promise<void> {
    const watched = this.#watched; // the answer must not end a match that is watched by then
    if (match && match !== watched) return;
    await this.#connection.connected.ask({ case: "stopWatching", value: {} }, (answer) => {
      if (watched && answer.case === "watchEnded") this.#endWatching(answer.value.reason, watched);
    });
  }

  /** Gives up the seat, which forfeits the match. */
  async leaveMatch(): Promise<void> {
    await this.#connection.connected.ask({ case: "leaveMatch", value: {} });
  }

  /**
   * Subscribes to the player's channels: from now on, every message, edit and deletion is delivered once, also across reconnects.
   * A channel with `reset` was disconnected for too long: read its history from the last message that you have.
   * @throws MusterError chat_unavailable
   */
  async subscribeToChat(listeners: Parameters<ChatInbox["listen"]>[0]): Promise<void> {
    this.#inbox ??= new ChatInbox();
    this.#inbox.listen(listeners);
    await this.#subscribeToChat();
  }

  /** @returns the message's number in its channel. @throws MusterError with a code of the realtime error table, and `details.retryAfterMs` */
  async sendChat(channelId: string, body: string, key: string = crypto.randomUUID()): Promise<number> {
    const answer = await this.#connection.connected.ask({ case: "chatSend", value: { channelId, body, key } });
    if (answer.case !== "chatSent") throw new MusterError("internal", `unexpected answer ${answer.case}`);
    return Number(answer.value.seq);
  }

  /** Measures the round trip to the gateway, in milliseconds. */
  async ping(): Promise<number> {
    const at = performance.now();
    await this.#connection.connected.ask({ case: "ping", value: { payload: 0n } });
    return performance.now() - at;
  }

  /** Shows the gateway the newest access token now, for example because it has another name. */
  renewToken(): void {
    this.#connection.socket?.renewToken().catch(() => undefined);
  }

  close(): void {
    this.#connection.giveUp(new MusterError("closed", "closed by the caller"));
  }

  /** For tests of reconnects: drops the connection as a network failure would. */
  dropForTest(): void {
    this.#connection.socket?.close();
  }

  /** Takes the seat over a new connection. `taken` runs before any frame of the match is read. */
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

  /** Retries: a match that moves to another shard can take longer than a gateway waits. */
  async #takeSeatAgain(socket: GatewaySocket): Promise<void> {
    for (const since = performance.now(); ; await new Promise((resolve) => setTimeout(resolve, SEAT_AGAIN_MS))) {
      if (this.#connection.socket !== socket) throw new MusterError("closed", "the connection was lost again");
      try {
        return await this.#takeSeat(socket);
      } catch (err) {
        const code = err instanceof MusterError ? err.code : "";
        if (code !== "shard_unavailable" || performance.now() - since > this.#reconnectWithinMs) throw err;
      }
    }
  }

  /** After a reconnect: continues chat and the match, the queue or the watching. */
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

  /** Runs `ask`; if the connection is lost before the answer, continues with `again` once it is back. @throws MusterError */
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
      return queued.failed(err); // only the queue failed, not the connection
    }
    if (queued.signal?.aborted) this.#cancelQueue(); // left while the connection was away
  }

  /** The answer ends `queue()`, as does a match that was found first. */
  #cancelQueue(): void {
    this.#connection.socket?.ask({ case: "cancelQueue", value: {} }).catch(() => undefined);
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

  /** Chat is down while everything else works: retries until chat is back or the connection is closed. */
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

  #endWatching(reason = "stopped", watched = this.#watched): void {
    watched?.onEnded(reason);
    if (this.#watched === watched) this.#watched = undefined;
  }

  /** Returns the match being played and clears it, if it is this one: the end of an earlier match may arrive late. */
  #over(matchId: string): PlayingMatch | undefined {
    const match = this.#playing?.match;
    if (match?.matchId !== matchId) return undefined;
    this.#playing = undefined;
    return match;
  }

  /** A frame that cannot be decoded ends the match for this client, since no later frame can be decoded either. */
  #onFrame(frame: Uint8Array): void {
    const [playing, watched] = [this.#playing, this.#watched];
    try {
      (playing?.match ?? watched)?.onFrame(frame);
    } catch (err) {
      if (!(err instanceof MalformedBitsError)) throw err;
      if (playing) {
        this.#playing = undefined;
        this.leaveMatch().catch(() => undefined); // otherwise the others would play against an inactive seat
        playing.match.onCancelled("bad_frame");
      } else {
        this.#watched = undefined;
        this.stopWatching().catch(() => undefined);
        watched?.onEnded("bad_frame");
      }
    }
  }

  #onControl({ matchSeq, message }: ServerControl, asked: boolean): void {
    if (this.#playing && !this.#playing.match.isNews(matchSeq)) return; // a repeat of a message that was already handled
    switch (message.case) {
      case "matchFound":
      case "queueLeft":
      case "queued":
      case "queueStatus":
        return this.#queued && onQueueMessage(this.#queued, message);
      case "matchJoined": // not an answer: the match has moved
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
      case "watchEnded":
        if (!asked && message.value.matchId === this.#watched?.matchId) this.#endWatching(message.value.reason);
        return;
      case "goingAway": // handled by the reconnecting socket; the others by who asked
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
    this.#endWatching(reason.code);
  }
}
