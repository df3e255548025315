import type { MatchJoined, ServerControl } from "@muster/contracts/realtime/v1";
import type { Fields, Game } from "@muster/game-kit";
import {
  CONTROL_FRAME,
  clientDuty,
  decodeServerControl,
  encodeClientControl,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
} from "@muster/realtime";
import { ChatInbox } from "./chat.ts";
import { isHopeless, MusterError, TOKEN_ENDED } from "./errors.ts";
import { PlayingMatch } from "./match.ts";
import { type FoundMatch, foundMatch, type Queued, type QueueOptions } from "./queue.ts";
import { WatchedMatch } from "./watched-match.ts";

export interface RealtimeOptions {
  /** How long to try to come back after a lost connection. Default 30,000. */
  readonly reconnectWithinMs?: number;
  /** For tests: another WebSocket class. */
  readonly webSocket?: typeof WebSocket;
}

type ControlMessage = NonNullable<Parameters<typeof encodeClientControl>[0]["message"]>;
type Waiter = { resolve(answer: ServerControl["message"]): void; reject(err: MusterError): void };

const ANSWER_WITHIN_MS = 10_000;
const RECONNECT_WITHIN_MS = 30_000;
const RECONNECT_DELAY_MS = 100;
const RECONNECT_DELAY_MS_MAX = 3000;
const TOKEN_REFRESH_MS = 300_000;

/** The realtime connection of one player: queue, play, come back. */
export class Realtime {
  readonly #url: string;
  readonly #token: (fresh: boolean) => Promise<string>;
  readonly #options: RealtimeOptions;
  readonly #waiters = new Map<number, Waiter>();
  readonly #closedListeners = new Set<(reason: MusterError) => void>();
  #socket: WebSocket | undefined;
  #connecting: Promise<void>;
  #closed: MusterError | undefined;
  /** The gateway said so: the next token must be a new one. */
  #tokenEnded = false;
  #nextRequestId = 1;
  #queued: Queued | undefined;
  #inbox: ChatInbox | undefined;
  #playing: { match: PlayingMatch; seatTicket: string } | undefined;
  #watched: WatchedMatch | undefined;
  #tokenTimer: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, token: (fresh: boolean) => Promise<string>, options: RealtimeOptions) {
    this.#url = url;
    this.#token = token;
    this.#options = options;
    this.#connecting = this.#connectUntilOpen(performance.now());
    this.#connecting.catch(() => undefined); // ready() tells
    this.#tokenTimer = setInterval(() => void this.#refreshToken(), TOKEN_REFRESH_MS);
    (this.#tokenTimer as { unref?: () => void }).unref?.();
  }

  /** Resolves when connected and authenticated. @throws MusterError */
  async ready(): Promise<void> {
    await this.#connecting;
  }

  /** Called when the connection is gone for good. */
  onClosed(listener: (reason: MusterError) => void): void {
    this.#closedListeners.add(listener);
  }

  /** Waits for a match. @throws MusterError cancelled, or a code of the realtime error table */
  async queue(mode: string, options: QueueOptions = {}): Promise<FoundMatch> {
    await this.ready();
    if (this.#queued) throw new MusterError("already_queued", "this connection waits already");
    options.signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<FoundMatch>();
    promise.catch(() => undefined); // the caller gets it below, or the enqueue's own failure first
    this.#queued = { mode, region: options.region ?? "", ticketId: "", found: resolve, failed: reject };
    const cancel = (): void => void this.#ask({ case: "cancelQueue", value: {} }).catch(() => undefined);
    options.signal?.addEventListener("abort", cancel, { once: true });
    try {
      await this.#enqueue();
      return await promise;
    } finally {
      this.#queued = undefined;
      options.signal?.removeEventListener("abort", cancel);
    }
  }

  /** Takes the seat. @throws MusterError, by the realtime error table */
  async join<S extends Fields, I extends Fields>(
    found: Pick<FoundMatch, "seatTicket">,
    game: Game<S, I>,
  ): Promise<PlayingMatch<S, I>> {
    await this.ready();
    let match: PlayingMatch<S, I> | undefined;
    const answer = await this.#ask({ case: "joinMatch", value: { seatTicket: found.seatTicket } }, (joined) => {
      // Before anything else is read: the keyframe follows at once.
      match = new PlayingMatch(joined, game, (frame) => this.#sendRaw(frame));
      this.#playing = { match: match as unknown as PlayingMatch, seatTicket: found.seatTicket };
    });
    if (answer.case !== "matchJoined" || !match) throw new MusterError("internal", `unexpected answer ${answer.case}`);
    return match;
  }

  /**
   * Looks on at a match, as a spectator. It is shown with the server's delay, and goes on over reconnects.
   * @throws MusterError match_not_found, match_over, watching_off, watchers_full, already_in_match
   */
  async watch<S extends Fields>(matchId: string, game: Game<S>): Promise<WatchedMatch<S>> {
    await this.ready();
    const watched = new WatchedMatch(matchId, game);
    const before = this.#watched;
    this.#watched = watched as unknown as WatchedMatch;
    try {
      const answer = await this.#ask({ case: "watchMatch", value: { matchId } });
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
    await this.#ask({ case: "stopWatching", value: {} });
  }

  /** Gives the seat up: a forfeit. */
  async leaveMatch(): Promise<void> {
    await this.#ask({ case: "leaveMatch", value: {} });
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
    const answer = await this.#ask({ case: "chatSend", value: { channelId, body, key } });
    if (answer.case !== "chatSent") throw new MusterError("internal", `unexpected answer ${answer.case}`);
    return Number(answer.value.seq);
  }

  /** Round trip through the gateway, milliseconds. */
  async ping(): Promise<number> {
    const at = performance.now();
    await this.#ask({ case: "ping", value: { payload: 0n } });
    return performance.now() - at;
  }

  close(): void {
    this.#giveUp(new MusterError("closed", "closed by the caller"));
  }

  /** For tests of reconnects: loses the connection as a network would. */
  dropForTest(): void {
    this.#socket?.close();
  }

  async #connectUntilOpen(lostAt: number): Promise<void> {
    const within = this.#options.reconnectWithinMs ?? RECONNECT_WITHIN_MS;
    for (let delayMs = RECONNECT_DELAY_MS; ; delayMs = Math.min(delayMs * 2, RECONNECT_DELAY_MS_MAX)) {
      try {
        await this.#open();
        return;
      } catch (thrown) {
        const err =
          thrown instanceof MusterError
            ? thrown
            : new MusterError("network", "the connection failed", { cause: thrown });
        if (this.#closed || isHopeless(err) || performance.now() - lostAt > within) {
          this.#giveUp(err);
          throw err;
        }
        await new Promise((resolve) => setTimeout(resolve, delayMs * (0.5 + Math.random() / 2)));
      }
    }
  }

  async #open(): Promise<void> {
    const accessToken = await this.#token(this.#tokenEnded);
    this.#tokenEnded = false;
    const socket = new (this.#options.webSocket ?? WebSocket)(this.#url, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    const opened = Promise.withResolvers<void>();
    let welcomed = false;
    socket.addEventListener("open", () => {
      socket.send(
        encodeClientControl({
          message: {
            case: "hello",
            value: { accessToken, protocolVersion: PROTOCOL_VERSION, client: "muster-client" },
          },
        }),
      );
    });
    socket.addEventListener("message", (event: MessageEvent) => {
      const frame = new Uint8Array(event.data as ArrayBuffer);
      if (frame[0] !== CONTROL_FRAME) return (this.#playing?.match ?? this.#watched)?.onFrame(frame);
      const control = decodeServerControl(frame);
      if (welcomed) return this.#onControl(control);
      if (control.message.case !== "welcome") return;
      welcomed = true;
      this.#socket = socket;
      opened.resolve();
    });
    socket.addEventListener("close", (event: CloseEvent) => {
      this.#tokenEnded = TOKEN_ENDED.has(event.code);
      const err = new MusterError("closed", event.reason || `the connection was closed with code ${event.code}`, {
        status: event.code,
      });
      opened.reject(err);
      if (welcomed && this.#socket === socket) this.#onLost(err);
    });
    socket.addEventListener("error", () => opened.reject(new MusterError("network", `no connection to ${this.#url}`)));
    await opened.promise;
  }

  #onLost(err: MusterError): void {
    this.#socket = undefined;
    for (const waiter of this.#waiters.values()) waiter.reject(err);
    this.#waiters.clear();
    if (this.#closed) return;
    if (clientDuty(err.status) === "stop") return this.#giveUp(err);
    this.#connecting = this.#connectUntilOpen(performance.now()).then(() => this.#resume());
    this.#connecting.catch(() => undefined); // giving up has told everyone
  }

  /** What was going on before the connection was lost goes on. */
  async #resume(): Promise<void> {
    if (this.#inbox) this.#subscribeToChat().catch((err: unknown) => this.#chatLost(err));
    if (this.#playing) {
      const { match, seatTicket } = this.#playing;
      try {
        const value = { seatTicket, lastMatchSeq: match.matchSeq };
        await this.#ask({ case: "joinMatch", value }, (joined) => match.onResumed(joined));
      } catch (err) {
        if (!(err instanceof MusterError) || err.code === "closed") throw err;
        this.#playing = undefined;
        match.onCancelled(err.code);
      }
      return;
    }
    if (this.#queued) await this.#enqueue();
    if (this.#watched) await this.#watchAgain(this.#watched);
  }

  async #watchAgain(watched: WatchedMatch): Promise<void> {
    try {
      await this.#ask({ case: "watchMatch", value: { matchId: watched.matchId } });
    } catch (err) {
      if (!(err instanceof MusterError) || err.code === "closed") throw err;
      this.#watched = undefined;
      watched.onEnded(err.code);
    }
  }

  async #subscribeToChat(): Promise<void> {
    await this.#ask({ case: "chatSubscribe", value: { cursors: this.#inbox?.cursors ?? [] } });
  }

  /** Chat is down while the rest works: asked for again until it is there or the connection is not. */
  #chatLost(err: unknown): void {
    if (this.#closed || !(err instanceof MusterError) || err.code === "closed") return;
    const timer = setTimeout(() => {
      this.#subscribeToChat().catch((again: unknown) => this.#chatLost(again));
    }, RECONNECT_DELAY_MS_MAX);
    (timer as { unref?: () => void }).unref?.();
  }

  async #enqueue(): Promise<void> {
    if (!this.#queued) return;
    const { mode, region, ticketId: resumeTicketId } = this.#queued;
    await this.#ask({ case: "enqueue", value: { mode, region, resumeTicketId } });
  }

  #onControl({ requestId, matchSeq, message }: ServerControl): void {
    if (this.#playing && !this.#playing.match.isNews(matchSeq)) return; // sent again, and had before
    const waiter = this.#waiters.get(requestId);
    if (waiter) {
      this.#waiters.delete(requestId);
      if (message.case === "error")
        waiter.reject(new MusterError(message.value.code, message.value.message, { traceId: message.value.traceId }));
      else waiter.resolve(message);
    }
    switch (message.case) {
      case "matchFound":
        return this.#queued?.found(foundMatch(message.value));
      case "queueLeft":
        return this.#queued?.failed(new MusterError(message.value.reason, `left the queue: ${message.value.reason}`));
      case "matchJoined":
        return this.#playing?.match.onResumed(message.value);
      case "matchEnded": {
        this.#playing?.match.onEnded(message.value);
        this.#playing = undefined;
        return;
      }
      case "matchCancelled": {
        this.#playing?.match.onCancelled(message.value.reason);
        this.#playing = undefined;
        return;
      }
      case "chatChannels":
        return this.#inbox?.channels(message.value.channels);
      case "chatChanged":
        return this.#inbox?.changed(message.value);
      case "seatStatus":
        return this.#playing?.match.onSeat(message.value);
      case "error":
        if (!waiter) this.#playing?.match.onRefused(message.value.code, message.value.count);
        return;
      case "queued":
        if (this.#queued) this.#queued.ticketId = message.value.ticketId;
        return;
      case "watchEnded": {
        this.#watched?.onEnded(message.value.reason);
        this.#watched = undefined;
        return;
      }
      case "watching":
      case "welcome":
      case "chatSent":
      case "pong":
      case "goingAway": // the close that follows says the rest
      case undefined:
        return;
    }
  }

  /** `onJoined` runs before any later frame is looked at. */
  async #ask(message: ControlMessage, onJoined?: (joined: MatchJoined) => void): Promise<ServerControl["message"]> {
    if (!this.#socket) throw new MusterError("closed", "not connected");
    const requestId = this.#nextRequestId++;
    const { promise, resolve, reject } = Promise.withResolvers<ServerControl["message"]>();
    const timer = setTimeout(
      () => reject(new MusterError("timeout", `no answer to ${message.case} within ${ANSWER_WITHIN_MS} ms`)),
      ANSWER_WITHIN_MS,
    );
    this.#waiters.set(requestId, {
      resolve(answer) {
        if (answer.case === "matchJoined") onJoined?.(answer.value);
        resolve(answer);
      },
      reject,
    });
    this.#sendRaw(encodeClientControl({ requestId, message }));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(requestId);
    }
  }

  #sendRaw(frame: Uint8Array): void {
    if (this.#socket?.readyState === 1) this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  async #refreshToken(): Promise<void> {
    if (!this.#socket) return;
    try {
      const accessToken = await this.#token(false);
      await this.#ask({
        case: "hello",
        value: { accessToken, protocolVersion: PROTOCOL_VERSION, client: "muster-client" },
      });
    } catch {
      // The gateway closes the socket when the token ends, and the reconnect tells what is wrong.
    }
  }

  #giveUp(reason: MusterError): void {
    if (this.#closed) return;
    this.#closed = reason;
    clearInterval(this.#tokenTimer);
    this.#queued?.failed(reason);
    this.#playing?.match.onCancelled(reason.code);
    this.#playing = undefined;
    this.#watched?.onEnded(reason.code);
    this.#watched = undefined;
    this.#socket?.close(1000);
    for (const listener of this.#closedListeners) listener(reason);
  }
}
