// The connection that is kept: opened, opened again when it was lost, and taken to another gateway when its own stops.
import type { ServerControl } from "@muster/contracts/realtime/v1/client";
import { clientDuty } from "@muster/realtime";
import { isHopeless, MusterError, TOKEN_ENDED } from "./errors.ts";
import { GatewaySocket, type OpenOptions, type SocketEvents, type TokenSource } from "./gateway-socket.ts";
import { onNetworkBack } from "./network-signals.ts";
import { openFirst } from "./open-first.ts";

export interface ReconnectingSocketOptions {
  readonly url: string;
  readonly token: TokenSource;
  /** How long to try to come back after a lost connection. */
  readonly reconnectWithinMs: number;
  readonly webSocket: typeof WebSocket | undefined;
  /** For tests: what tells of the network. Default: the browser's window. */
  readonly network?: EventTarget | undefined;
}

/** Who uses it. */
export interface ReconnectingSocketOwner {
  onFrame(frame: Uint8Array): void;
  onControl(control: ServerControl, asked: boolean): void;
  /** On a new connection: what was going on before goes on. @throws MusterError */
  resume(): Promise<void>;
  /** There is a seat to be taken along. */
  seated(): boolean;
  /** … and its match sends frames all the time. */
  playing(): boolean;
  /** Takes it at another gateway; `taken` is to be called before anything that comes from there is looked at. @throws MusterError */
  takeSeat(at: GatewaySocket, taken: () => void): Promise<void>;
  /** The seat is at another gateway now: what else was going on goes on there. */
  onMoved(): void;
  onGivenUp(reason: MusterError): void;
}

const RECONNECT_DELAY_MS = 100;
const RECONNECT_DELAY_MS_MAX = 3000;
/** While others play on without us. */
const RECONNECT_DELAY_MS_MAX_SEATED = 250;
/** A match that goes on is heard thirty times a second. After so long it is asked whether anybody is there … */
const SILENCE_ASK_MS = 1000;
/** … and after so long another connection is opened beside this one, which is most likely dead. */
const SILENCE_DEAD_MS = 2000;
const SILENCE_CHECK_MS = 250;
/** Of the time that a stopping gateway gives: the rest is for the handshake with the next one. */
const LEAVE_WITHIN_SHARE = 0.7;
const LEAVE_AGAIN_MS = 100;

export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  readonly #owner: ReconnectingSocketOwner;
  readonly #events: SocketEvents = {
    // A socket that was left, or that has no seat yet, shows nothing.
    onFrame: (from, frame) => from === this.#socket && this.#owner.onFrame(frame),
    onControl: (from, control, asked) => from === this.#socket && this.#onControl(from, control, asked),
    onLost: (from, reason) => this.#onLost(from, reason),
  };
  /** What is said goes here. */
  #socket: GatewaySocket | undefined;
  #connecting: Promise<void>;
  /** While another socket is about to take the seat. */
  #moving: Promise<void> | undefined;
  #closed: MusterError | undefined;
  /** The gateway said so: the next token must be another one. */
  #endedToken: string | undefined;
  readonly #silenceTimer: ReturnType<typeof setInterval>;
  readonly #ignoreNetwork: () => void;
  /** While it waits between two tries: the next one at once. */
  #tryNow: (() => void) | undefined;

  constructor(options: ReconnectingSocketOptions, owner: ReconnectingSocketOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#connecting = this.#connectUntilOpen(performance.now());
    this.#connecting.catch(() => undefined); // ready() tells
    this.#silenceTimer = setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS);
    (this.#silenceTimer as { unref?: () => void }).unref?.();
    this.#ignoreNetwork = onNetworkBack(() => this.#tryNow?.(), options.network);
  }

  /** Resolves when connected, and back where it was. @throws MusterError */
  async ready(): Promise<void> {
    await this.#connecting;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  get socket(): GatewaySocket | undefined {
    return this.#socket;
  }

  /** @throws MusterError closed */
  get connected(): GatewaySocket {
    if (!this.#socket) throw new MusterError("closed", "not connected");
    return this.#socket;
  }

  giveUp(reason: MusterError): void {
    if (this.#closed) return;
    this.#closed = reason;
    clearInterval(this.#silenceTimer);
    this.#ignoreNetwork();
    this.#owner.onGivenUp(reason);
    this.#socket?.close(1000);
  }

  async #connectUntilOpen(lostAt: number): Promise<void> {
    for (let delayMs = RECONNECT_DELAY_MS; ; delayMs *= 2) {
      delayMs = Math.min(delayMs, this.#owner.seated() ? RECONNECT_DELAY_MS_MAX_SEATED : RECONNECT_DELAY_MS_MAX);
      try {
        await this.#open((socket) => (this.#socket = socket));
        return;
      } catch (thrown) {
        const err =
          thrown instanceof MusterError
            ? thrown
            : new MusterError("internal", `the connection failed: ${String(thrown)}`, { cause: thrown });
        if (this.#closed || isHopeless(thrown) || performance.now() - lostAt > this.#options.reconnectWithinMs) {
          this.giveUp(err);
          throw err;
        }
        if (await this.#waitOrSignal(delayMs * (0.5 + Math.random() / 2))) delayMs = RECONNECT_DELAY_MS / 2;
      }
    }
  }

  /** @returns true: the network is back, said the browser */
  async #waitOrSignal(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), ms);
    this.#tryNow = () => resolve(true);
    const signalled = await promise;
    clearTimeout(timer);
    this.#tryNow = undefined;
    return signalled;
  }

  /** While a match goes on, with another one beside it when it hangs. */
  async #open(onOpen: (socket: GatewaySocket) => void): Promise<GatewaySocket> {
    const { url, token, webSocket } = this.#options;
    const accessToken = await token(this.#endedToken);
    this.#endedToken = undefined;
    const open = (options: Omit<OpenOptions, "webSocket">): Promise<GatewaySocket> =>
      GatewaySocket.open(url, accessToken, token, this.#events, onOpen, { ...options, webSocket });
    try {
      return await (this.#owner.seated() ? openFirst(open) : open({}));
    } catch (err) {
      if (err instanceof MusterError && TOKEN_ENDED.has(err.status)) this.#endedToken = accessToken;
      throw err;
    }
  }

  /** A dead line may stay open for minutes. */
  #checkSilence(): void {
    const socket = this.#socket;
    if (!socket || this.#moving || !this.#owner.playing()) return;
    const silentMs = performance.now() - socket.heardAt;
    if (silentMs > SILENCE_DEAD_MS) this.#leave(socket);
    else if (silentMs > SILENCE_ASK_MS) socket.probe();
  }

  #onControl(from: GatewaySocket, control: ServerControl, asked: boolean): void {
    const { message } = control;
    if (message.case !== "goingAway") return this.#owner.onControl(control, asked);
    // It serves on until then; not everybody leaves at once.
    const withinMs = message.value.reconnectWithinMs * LEAVE_WITHIN_SHARE;
    setTimeout(() => this.#leave(from), Math.random() * withinMs);
  }

  #onLost(from: GatewaySocket, reason: MusterError): void {
    if (this.#socket !== from) return; // it was left
    this.#socket = undefined;
    if (TOKEN_ENDED.has(reason.status)) this.#endedToken = from.accessToken;
    if (this.#closed) return;
    if (this.#moving) return this.#keep(this.#unlessMoved(this.#moving));
    if (clientDuty(reason.status) === "stop") return this.giveUp(reason);
    this.#keep(this.#comeBack());
  }

  #keep(connecting: Promise<void>): void {
    this.#connecting = connecting;
    connecting.catch(() => undefined); // giving up has told everyone
  }

  async #comeBack(): Promise<void> {
    await this.#connectUntilOpen(performance.now());
    await this.#owner.resume();
  }

  /** A gateway closes a socket whose seat another one has taken: ours, most likely, which has not heard of it yet. */
  async #unlessMoved(moving: Promise<void>): Promise<void> {
    await moving;
    if (!this.#socket && !this.#closed) await this.#comeBack();
  }

  /** A player is seen by the next gateway before this one is let go of; everything else can wait for a reconnect. */
  #leave(from: GatewaySocket): void {
    if (this.#socket !== from || this.#closed) return;
    if (this.#owner.seated()) {
      this.#moving = this.#move(from);
    } else if (from.asking > 0) {
      setTimeout(() => this.#leave(from), LEAVE_AGAIN_MS);
    } else {
      this.#socket = undefined;
      from.close();
      this.#keep(this.#comeBack());
    }
  }

  async #move(from: GatewaySocket): Promise<void> {
    let to: GatewaySocket | undefined;
    try {
      to = await this.#open(() => undefined);
      await this.#owner.takeSeat(to, () => {
        if (this.#closed) return;
        this.#socket = to;
        this.#moving = undefined; // whatever becomes of it now is as with any other
        from.close();
      });
      if (this.#closed) to.close(1000);
      else this.#owner.onMoved();
    } catch {
      // Nobody else is there yet, or the match has ended. While its gateway serves on, so does the old socket.
      this.#moving = undefined;
      if (to && to !== this.#socket) to.close();
      if (this.#socket === from) setTimeout(() => this.#leave(from), LEAVE_AGAIN_MS);
    }
  }
}
