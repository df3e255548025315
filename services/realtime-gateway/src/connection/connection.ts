// On the hot path, for every input: design/realtime/performance.md.
//
// The state machine of one socket: contracts/realtime/STATE-MACHINE.md in code.
import type { ClientControl, Hello } from "@muster/contracts/realtime/v1";
import {
  DISCONNECTS,
  type DisconnectName,
  FRAME_BYTES_MAX,
  INPUT_FRAME,
  INPUT_HEADER_BYTES,
  type InputRefusalCode,
  PROTOCOL_VERSION,
  type RealtimeErrorCode,
} from "@muster/realtime";
import { hasEnded } from "@muster/tokens";
import { inSpan } from "@muster/tracing";
import { type ConnectionState, CHECKING, IDLE, type Identity, UNKNOWN } from "./connection-state.ts";
import { ChatSession } from "../chat/chat-session.ts";
import type { ConnectionParts } from "./connection-parts.ts";
import { type ControlHead, controlHead } from "./control-head.ts";
import type { ControlWorker } from "./control-work.ts";
import { ControlGate } from "./control-gate.ts";
import { kindOf } from "./control-limits.ts";
import { codeOfUnfit, decodeControl, disconnectFor } from "./control-decoding.ts";
import { type StalenessProbe, stalenessProbeOf } from "./staleness-probe.ts";
import { BYTES_RETRY_MS, bytesRefilled, InputRefusals, isFlood, refilled } from "./limits.ts";
import { MergedInput } from "./merged-input.ts";
import { type Control, Outbound } from "./outbound.ts";
import { rateLimitedReply } from "./rate-limited-reply.ts";
import { errorReply, welcome } from "./replies.ts";
import type { SocketEnd } from "./socket-ends.ts";
import type { Seat } from "../matches/seat.ts";
import { SeatSession } from "../matches/seat-session.ts";
import { QueueSession } from "../matchmaking/queue-session.ts";
import { SpectatorSession } from "../spectators/spectator-session.ts";
import type { Socket } from "./ws.ts";

/** For whom there is no room among the control messages that wait. */
const BUSY_RETRY_MS = 1000;

export interface OwnedConnectionParts extends ConnectionParts {
  /** Replaces the player's older socket with this one. */
  onAuthenticated(connection: Connection, playerId: string): void;
}

export class Connection implements ControlWorker {
  // What every input needs comes first, side by side in memory.
  /** Nothing is sent or listened to any more. */
  #closed = false;
  /** Inputs that are taken now; below 0 by every frame that is one too many. */
  #allowance: number;
  /** Bytes of messages that are taken now; as inputs. */
  #bytesLeft: number;
  /** Of the connection state. */
  #seat: Seat | undefined;
  readonly outbound: Outbound;
  #identity: Identity = UNKNOWN;
  #state: ConnectionState = IDLE;
  readonly #parts: OwnedConnectionParts;
  readonly address: string;
  readonly #openedAt = performance.now();
  /** Made when the first input is refused: an idle connection has as little as possible. */
  #refusals: InputRefusals | undefined;
  #queueSessionMade: QueueSession | undefined;
  #seatSessionMade: SeatSession | undefined;
  #spectatorSessionMade: SpectatorSession | undefined;
  /** Made when it sends more than its token. */
  #gateMade: ControlGate | undefined;
  /** Made when it sends inputs faster than its limits. */
  #mergedMade: MergedInput | undefined;
  /** Made when there is something to be shown. */
  #probe: StalenessProbe | undefined;

  constructor(socket: Socket, parts: OwnedConnectionParts, address = "") {
    this.address = address;
    this.outbound = new Outbound(socket);
    this.#parts = parts;
    this.#allowance = refilled(Infinity, parts.limits, 0);
    this.#bytesLeft = bytesRefilled(Infinity, parts.limits, 0);
  }

  /** Where its inputs go. */
  get seat(): Seat | undefined {
    return this.#seat;
  }

  get playerId(): string | undefined {
    return this.#identity.kind === "known" ? this.#identity.claims.playerId : undefined;
  }

  /** A frame of type input is `bytes` from `from` to `to`, valid during the call only. */
  onInput(bytes: Uint8Array, from: number, to: number): void {
    if (this.#closed) return;
    const length = to - from;
    this.#bytesLeft -= length;
    if (--this.#allowance < 0 || this.#bytesLeft < 0) return this.#onInputTooFast(bytes, from, to);
    if (length > FRAME_BYTES_MAX) return this.#onIdleInput(length);
    const seat = this.#seat;
    if (seat?.joined && length >= INPUT_HEADER_BYTES) return seat.link.input(seat.session, bytes, from, to);
    this.#onIdleInput(length);
  }

  /** `bytes` is valid during the call only. */
  onMessage(bytes: Uint8Array, isBinary: boolean): void {
    if (isBinary && bytes[0] === INPUT_FRAME) return this.onInput(bytes, 0, bytes.length);
    if (this.#closed) return;
    this.#allowance--;
    this.#bytesLeft -= bytes.length;
    if (this.#isFlood) return this.close("tooManyMessages");
    const head = isBinary ? controlHead(bytes) : undefined;
    const { playerId } = this;
    const isFit = head !== undefined && head.number !== 0 && bytes.length <= FRAME_BYTES_MAX;
    // Who is not known yet has one message to send.
    if (!head || (playerId === undefined && !isFit)) return this.close("badFrame");
    const waitMs = playerId === undefined ? 0 : this.#gate.take(playerId, head.number, performance.now());
    if (waitMs > 0) return this.#onControlTooFast(head, waitMs);
    if (!isFit) return this.#error(head.requestId, codeOfUnfit(head.number));
    if (this.#bytesLeft < 0 && playerId !== undefined) return this.#onControlTooFast(head, BYTES_RETRY_MS);
    if (!this.#parts.work.take(this, bytes)) this.#onControlTooFast(head, BUSY_RETRY_MS);
  }

  /** A control message whose turn it is. */
  onControl(bytes: Uint8Array): void {
    if (this.#closed) return;
    const came = decodeControl(bytes);
    if (came.kind === "refused" && this.#identity.kind === "known") return this.#error(came.requestId, came.code, came);
    if (came.kind !== "message") return this.close("badFrame");
    const { message } = came;
    this.#parts.metrics.control(message.message.case);
    const name = `control ${message.message.case}`;
    inSpan({ name, kind: "server" }, message.traceparent, () => this.#onControl(message));
  }

  /** A WebSocket ping, which was answered already, or a pong. */
  onPing(pong?: Uint8Array): void {
    if (!this.#gate.ping()) return this.close("tooManyMessages");
    if (pong && this.#probe?.onPong(pong, performance.now())) this.#catchUp(this.#probe);
  }

  /** A token that came with the upgrade request. */
  onToken(token: string): void {
    inSpan({ name: "upgrade token", kind: "server" }, undefined, () => this.#authenticate(0, token));
  }

  onDrain(): void {
    this.outbound.onDrain();
    this.#catchUp(this.#probe);
  }

  /** The socket is closed, by either side. */
  onClosed(how: SocketEnd): void {
    if (!this.#closed) this.#parts.metrics.ended(how);
    this.#closed = true;
    const state = this.#state;
    this.#become(IDLE);
    if (this.#identity.kind === "known") this.#identity.chatSession?.stop();
    this.#spectatorSessionMade?.stop();
    this.#gateMade?.close();
    this.#mergedMade?.drop();
    if (state.kind === "queued") this.#parts.matchmaking.cancel(state.ticketId);
    if (state.kind === "seated") state.seat.leave(false);
  }

  /** Twice a second or so: what has run out. */
  sweep(now: number, seconds: number): void {
    const { limits } = this.#parts;
    if (this.#closed) return;
    this.#mergedMade?.flush();
    this.#allowance = refilled(this.#allowance, limits, seconds);
    this.#bytesLeft = bytesRefilled(this.#bytesLeft, limits, seconds);
    this.#gateMade?.sweep(seconds);
    if (this.#identity.kind === "known") {
      if (hasEnded(this.#identity.claims, this.#parts.now())) return this.close("tokenExpired");
      if (this.#parts.tokens.isRevoked(this.#identity.claims)) return this.close("sessionEnded");
    } else if (now - this.#openedAt > limits.authWithinMs) return this.close("idle");
    this.#queueSessionMade?.sweep(now);
    this.#seatSessionMade?.sweep(now);
    this.#spectatorSessionMade?.sweep(now);
    this.#checkLine(now);
    if (this.outbound.behindMs(now) > limits.slowCloseMs) return this.close("slow");
    this.#tellRefusals(now);
  }

  close(name: DisconnectName): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.metrics.closed(name);
    this.#parts.log.info({ playerId: this.playerId, disconnect: name }, "closing a socket");
    this.outbound.close(DISCONNECTS[name]);
  }

  /** Tells the client to reconnect within this time. */
  goingAway(reconnectWithinMs: number): void {
    this.#send({ message: { case: "goingAway", value: { reconnectWithinMs } } });
  }

  // ── from the client ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Of who is shown something. */
  #checkLine(now: number): void {
    if (!this.#seat && !this.#spectatorSessionMade && !(this.#identity.kind === "known" && this.#identity.chatSession))
      return;
    this.#probe ??= stalenessProbeOf(this.outbound, this.#parts);
    this.#probe.sweep(now);
  }

  /** The client reads again. A ping right behind the keyframe verifies it. */
  #catchUp(probe: StalenessProbe | undefined): void {
    if (this.#state.kind === "seated") this.#state.seat.catchUp();
    else this.#spectatorSessionMade?.catchUp();
    probe?.ask(performance.now());
  }

  /** The input is malformed, or no match accepts it. */
  #onIdleInput(length: number): void {
    if (this.#identity.kind !== "known") return this.close("outOfOrder");
    if (length < INPUT_HEADER_BYTES) return this.close("badFrame");
    this.onInputRefused(length > FRAME_BYTES_MAX ? "input_malformed" : "not_in_match");
  }

  /** Merged into the newest, and told: a fast screen is no attack. A flood is. */
  #onInputTooFast(bytes: Uint8Array, from: number, to: number): void {
    if (this.#isFlood) return this.close("tooManyMessages");
    if (this.#identity.kind !== "known") return this.close("outOfOrder");
    const isFit = to - from >= INPUT_HEADER_BYTES && to - from <= FRAME_BYTES_MAX;
    if (!this.#seat?.joined || !isFit) return this.onInputRefused("input_too_fast");
    this.#mergedMade ??= new MergedInput((input) => {
      const seat = this.#seat;
      if (!this.#closed && seat?.joined) seat.link.input(seat.session, input, 0, input.length);
    });
    if (!this.#mergedMade.keep(bytes.slice(from, to))) return;
    this.#parts.metrics.inputMerged();
    this.onInputRefused("input_too_fast");
  }

  get #isFlood(): boolean {
    return isFlood(this.#allowance, this.#bytesLeft, this.#parts.limits);
  }

  /** Before the player is known, the only valid message is hello. */
  #onControlTooFast({ requestId, number }: ControlHead, retryAfterMs: number): void {
    if (this.#identity.kind !== "known") return this.close("unavailable");
    if (!this.#gate.refused()) return this.close("tooManyMessages");
    this.#parts.metrics.limited(kindOf(number));
    this.#sendFrame(rateLimitedReply(requestId, retryAfterMs));
  }

  #become(state: ConnectionState): void {
    if (state.kind === "seated" || this.#state.kind === "seated") {
      this.#refusals ??= new InputRefusals(this.#parts.limits.inputsRefusedMax);
      this.#refusals.changed(performance.now());
    }
    this.#mergedMade?.drop();
    this.#state = state;
    this.#seat = state.kind === "seated" ? state.seat : undefined;
  }

  #onControl({ requestId, message }: ClientControl): void {
    if (message.case === "hello") return this.#onHello(requestId, message.value);
    if (this.#identity.kind !== "known") return this.close("outOfOrder");
    switch (message.case) {
      case "enqueue":
        return this.#queueSession.enqueue(requestId, message.value, this.#identity.claims);
      case "cancelQueue":
        return this.#queueSession.cancel(requestId);
      case "joinMatch":
        return this.#seatSession.join(requestId, message.value, () => this.#seatWanted());
      case "leaveMatch":
        return this.#seatSession.leave(requestId);
      case "ping":
        return this.#send({ requestId, message: { case: "pong", value: { payload: message.value.payload } } });
      case "chatSubscribe":
        return this.#chatSession(this.#identity).subscribe(requestId, message.value);
      case "chatSend":
        return this.#chatSession(this.#identity).send(requestId, message.value, this.#identity.claims);
      case "watchMatch":
        if (this.#state.kind === "seated") return this.#error(requestId, "already_in_match");
        return this.#spectatorSession.start(requestId, message.value.matchId);
      case "stopWatching":
        return this.#spectatorSession.leave(requestId);
      case undefined:
        return this.close("badFrame");
    }
  }

  #seatWanted(): void {
    this.#spectatorSessionMade?.stop();
    this.#queueSessionMade?.joining();
  }

  #onHello(requestId: number, { accessToken, protocolVersion, client }: Hello): void {
    if (protocolVersion !== PROTOCOL_VERSION) return this.close("protocolVersion");
    this.#parts.log.debug({ client }, "hello");
    this.#authenticate(requestId, accessToken);
  }

  /** Also for a newer token on an open connection: its life gets longer. */
  #authenticate(requestId: number, token: string): void {
    const before = this.#identity;
    if (before.kind === "checking") return this.close("outOfOrder");
    if (before.kind === "unknown") this.#identity = CHECKING;
    this.#parts.tokens.verify(token).then(
      (claims) => {
        if (this.#closed) return;
        if (before.kind === "known" && before.claims.playerId !== claims.playerId) return this.close("badToken");
        this.#identity = {
          kind: "known",
          claims,
          chatSession: before.kind === "known" ? before.chatSession : undefined,
        };
        if (before.kind === "unknown") this.#parts.onAuthenticated(this, claims.playerId);
        const tokenEndsInMs = claims.expiresAt * 1000 - this.#parts.now();
        this.#send(welcome(requestId, claims.playerId, this.#parts.limits.idleTimeoutMs, tokenEndsInMs));
      },
      (err: unknown) => this.close(disconnectFor(err)),
    );
  }

  get #gate(): ControlGate {
    return (this.#gateMade ??= new ControlGate(this.#parts.budgets));
  }

  #chatSession(identity: Identity & { kind: "known" }): ChatSession {
    identity.chatSession ??= new ChatSession(identity.claims.playerId, this.#parts.chat, {
      control: (message: Control) => this.#send(message),
      frame: (bytes: Uint8Array) => this.#sendFrame(bytes),
    });
    return identity.chatSession;
  }

  get #queueSession(): QueueSession {
    return (this.#queueSessionMade ??= new QueueSession(this.#parts, {
      address: this.address,
      state: () => this.#state,
      become: (state) => this.#become(state),
      send: (message) => this.#send(message),
      error: (requestId, code) => this.#error(requestId, code),
    }));
  }

  get #seatSession(): SeatSession {
    return (this.#seatSessionMade ??= new SeatSession(this.#parts, {
      playerId: this.playerId,
      outbound: this.outbound,
      state: () => this.#state,
      become: (state) => this.#become(state),
      send: (message) => this.#send(message),
      error: (requestId, code) => this.#error(requestId, code),
      onInputRefused: (code) => this.onInputRefused(code),
      replaced: () => this.close("replaced"),
    }));
  }

  get #spectatorSession(): SpectatorSession {
    return (this.#spectatorSessionMade ??= new SpectatorSession(this.outbound, this.#parts.matches, {
      delayMs: this.#parts.limits.spectatorDelayMs,
      send: (message) => this.#send(message),
      error: (id, code) => this.#error(id, code),
    }));
  }

  // ── from the shard ───────────────────────────────────────────────────────────────────────────────────────────────

  onInputRefused(code: InputRefusalCode): void {
    const now = performance.now();
    this.#refusals ??= new InputRefusals(this.#parts.limits.inputsRefusedMax);
    if (!this.#refusals.add(code, now)) return this.close("inputAbuse");
    this.#tellRefusals(now);
  }

  // ── to the client ────────────────────────────────────────────────────────────────────────────────────────────────

  #tellRefusals(now: number): void {
    if (!this.#refusals) return;
    for (const [code, count] of this.#refusals.take(now)) this.#error(0, code, { count });
  }

  #error(requestId: number, code: RealtimeErrorCode, more?: { count?: number; message?: string }): void {
    if (this.#closed) return;
    this.#parts.metrics.refused(code);
    this.#send(errorReply(requestId, code, more));
  }

  #sendFrame(frame: Uint8Array): void {
    if (!this.#closed && this.outbound.frame(frame) === "overflow") this.close("slow");
  }

  #send(message: Control): void {
    if (this.#closed) return;
    if (this.outbound.control(message) === "overflow") this.close("slow");
  }
}
