// A connection that reopens itself when it is lost, and moves to another gateway when its own stops.
import type { ServerControl } from "@muster/contracts/realtime/v1/client";
import { clientDuty } from "@muster/realtime";
import { ConnectionStates } from "./connection-state.ts";
import { isHopeless, MusterError, TOKEN_ENDED } from "./errors.ts";
import { GatewaySocket, type OpenOptions, type SocketEvents, type TokenSource } from "./gateway-socket.ts";
import { onNetworkBack } from "./network-signals.ts";
import { openFirst } from "./open-first.ts";

export interface ReconnectingSocketOptions {
  readonly url: string;
  readonly token: TokenSource;
  /** How long to keep trying to reconnect after a lost connection. */
  readonly reconnectWithinMs: number;
  readonly webSocket?: typeof WebSocket | undefined;
  /** For tests: the source of network events. Default: the browser's window. */
  readonly network?: EventTarget | undefined;
  readonly note?: ((what: string) => void) | undefined;
}

/** The callbacks of the object that owns the socket. */
export interface ReconnectingSocketOwner {
  onFrame(frame: Uint8Array): void;
  onControl(control: ServerControl, asked: boolean): void;
  /** Continues earlier activity on a new connection. @throws MusterError */
  resume(): Promise<void>;
  /** Whether the player holds a seat. */
  seated(): boolean;
  /** Whether that seat's match sends frames continuously. */
  playing(): boolean;
  /** Takes the seat over another gateway; must call `taken` before it reads any frame from there. @throws MusterError */
  takeSeat(at: GatewaySocket, taken: () => void): Promise<void>;
  /** The seat has moved to another gateway: continues the other activity there. */
  onMoved(): void;
  onGivenUp(reason: MusterError): void;
}

const RECONNECT_DELAY_MS = 100;
const RECONNECT_DELAY_MS_MAX = 3000;
/** With a seat: the match continues without this player. */
const RECONNECT_DELAY_MS_MAX_SEATED = 250;
/** A running match sends thirty frames a second. After this much silence the client sends a ping … */
const SILENCE_ASK_MS = 1000;
/** … and after this much it opens another connection, since this one is probably dead. */
const SILENCE_DEAD_MS = 2000;
const SILENCE_CHECK_MS = 250;
/** Share of the time that a stopping gateway allows; the rest is for the handshake with the next gateway. */
const LEAVE_WITHIN_SHARE = 0.7;
const LEAVE_AGAIN_MS = 100;

export class ReconnectingSocket {
  readonly #options: ReconnectingSocketOptions;
  readonly #owner: ReconnectingSocketOwner;
  readonly #events: SocketEvents = {
    // Ignore sockets that were left or do not have the seat yet.
    onFrame: (from, frame) => from === this.#socket && this.#owner.onFrame(frame),
    onControl: (from, control, asked) => from === this.#socket && this.#onControl(from, control, asked),
    onLost: (from, reason) => this.#onLost(from, reason),
  };
  readonly states: ConnectionStates = new ConnectionStates();
  /** The current socket. */
  #socket: GatewaySocket | undefined;
  #connecting: Promise<void>;
  /** Set while another socket is about to take the seat. */
  #moving: Promise<void> | undefined;
  #closed: MusterError | undefined;
  /** Only a connection that was open once: before, nobody has been told that it was there. */
  #isLost = false;
  /** A token that the gateway called expired: the next attempt needs another one. */
  #endedToken: string | undefined;
  readonly #silenceTimer: ReturnType<typeof setInterval>;
  readonly #ignoreNetwork: () => void;
  /** Set during the wait between two attempts: starts the next attempt immediately. */
  #tryNow: (() => void) | undefined;

  constructor(options: ReconnectingSocketOptions, owner: ReconnectingSocketOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#connecting = this.#connectUntilOpen(performance.now()).then(() => this.#isBack());
    this.#connecting.catch(() => undefined); // ready() reports it
    this.#silenceTimer = setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS);
    (this.#silenceTimer as { unref?: () => void }).unref?.();
    this.#ignoreNetwork = onNetworkBack(() => this.#tryNow?.(), options.network);
  }

  /** Resolves when the connection is open and earlier activity has resumed. @throws MusterError */
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
    this.states.tell({ state: "closed", reason });
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
        if (this.#isLost) this.states.tell({ state: "reconnecting", reason: err });
        if (await this.#waitOrSignal(delayMs * (0.5 + Math.random() / 2))) delayMs = RECONNECT_DELAY_MS / 2;
      }
    }
  }

  /** @returns true if the browser reported that the network is back */
  async #waitOrSignal(ms: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), ms);
    this.#tryNow = () => resolve(true);
    const signalled = await promise;
    clearTimeout(timer);
    this.#tryNow = undefined;
    return signalled;
  }

  /** With a seat, opens a second connection if the first one hangs. */
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

  /** Detects dead connections, which may stay open for minutes. */
  #checkSilence(): void {
    const socket = this.#socket;
    if (!socket || this.#moving || !this.#owner.playing()) return;
    const silentMs = performance.now() - socket.heardAt;
    if (silentMs > SILENCE_DEAD_MS) {
      const reason = new MusterError("timeout", `nothing was heard for ${SILENCE_DEAD_MS} ms`);
      this.states.tell({ state: "reconnecting", reason });
      this.#leave(socket);
    } else if (silentMs > SILENCE_ASK_MS) socket.probe();
  }

  #onControl(from: GatewaySocket, control: ServerControl, asked: boolean): void {
    const { message } = control;
    const what = wordsFor(message);
    if (what !== undefined) this.#options.note?.(what);
    if (message.case !== "goingAway") return this.#owner.onControl(control, asked);
    // The gateway serves until then. The delay is random, so that not all clients leave at once.
    const withinMs = message.value.reconnectWithinMs * LEAVE_WITHIN_SHARE;
    setTimeout(() => this.#leave(from), Math.random() * withinMs);
  }

  #onLost(from: GatewaySocket, reason: MusterError): void {
    if (this.#socket !== from) return; // this client has already left it
    this.#socket = undefined;
    if (TOKEN_ENDED.has(reason.status)) this.#endedToken = from.accessToken;
    if (this.#closed) return;
    if (this.#moving) return this.#keep(this.#unlessMoved(this.#moving, reason));
    if (clientDuty(reason.status) === "stop") return this.giveUp(reason);
    this.#keep(this.#comeBack(reason));
  }

  #isBack(): void {
    if (!this.#socket) return; // lost again meanwhile: whoever opens it next says so
    this.#isLost = false;
    this.states.tell({ state: "connected" });
  }

  #keep(connecting: Promise<void>): void {
    this.#connecting = connecting;
    connecting.catch(() => undefined); // giveUp() has informed the owner
  }

  async #comeBack(reason: MusterError): Promise<void> {
    this.#isLost = true;
    this.states.tell({ state: "reconnecting", reason });
    await this.#connectUntilOpen(performance.now());
    await this.#owner.resume();
    this.#isBack();
  }

  /** A gateway closes a socket whose seat another socket has taken. That is probably our new socket, whose answer is still to come. */
  async #unlessMoved(moving: Promise<void>, reason: MusterError): Promise<void> {
    await moving;
    if (!this.#socket && !this.#closed) await this.#comeBack(reason);
  }

  /** Leaves a gateway. A seat moves to the next gateway before this socket closes; everything else can wait for a reconnect. */
  #leave(from: GatewaySocket): void {
    if (this.#socket !== from || this.#closed) return;
    if (this.#owner.seated()) {
      this.#moving = this.#move(from);
    } else if (from.asking > 0) {
      setTimeout(() => this.#leave(from), LEAVE_AGAIN_MS);
    } else {
      this.#socket = undefined;
      from.close();
      this.#keep(this.#comeBack(new MusterError("closed", "the gateway stops; another one takes over")));
    }
  }

  async #move(from: GatewaySocket): Promise<void> {
    let to: GatewaySocket | undefined;
    try {
      to = await this.#open(() => undefined);
      await this.#owner.takeSeat(to, () => {
        if (this.#closed) return;
        this.#socket = to;
        this.#moving = undefined; // from here on, it is a normal connection
        from.close();
      });
      if (this.#closed) to.close(1000);
      else {
        this.#owner.onMoved();
        this.#isBack();
      }
    } catch {
      // No other gateway is available yet, or the match has ended. The old socket works for as long as its gateway does.
      this.#moving = undefined;
      if (to && to !== this.#socket) to.close();
      if (this.#socket === from) setTimeout(() => this.#leave(from), LEAVE_AGAIN_MS);
    }
  }
}

/** Not of chat, and not of what comes all the time. */
function wordsFor({ case: kind, value }: ServerControl["message"]): string | undefined {
  if (kind === undefined || kind === "pong" || kind.startsWith("chat")) return undefined;
  const { matchId, reason, code } = value as { matchId?: string; reason?: string; code?: string };
  return [`realtime: ${kind}`, code, reason, matchId].filter((part) => part !== undefined && part !== "").join(" ");
}
