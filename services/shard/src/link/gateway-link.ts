// On the hot path, once per input: design/realtime/performance.md.
//
// One link to one gateway: receives and sends frames, with one write per turn of the event loop.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type LinkRequest, LinkRequestSchema, LinkResponseSchema } from "@muster/contracts/realtime/link/v1";
import type { Logger } from "@muster/log";
import {
  INPUT_REFUSALS,
  LINK_FRAME_BYTES_MAX,
  LINK_HELLO_BYTES_MAX,
  LINK_VERSION,
  LinkFrameType,
  LinkReader,
  LinkWriter,
  u32,
} from "@muster/realtime";
import type { SeatTicketOpener } from "@muster/tokens";
import { inSpan } from "@muster/tracing";
import type { Link, LinkSession, ToGateway } from "../tick/subscribers.ts";
import type { InputRefusal, InputRings } from "../tick/input-rings.ts";
import { LinkSessions } from "./link-sessions.ts";
import type { Matches } from "../match/matches.ts";
import type { ShardMetrics } from "../metrics.ts";

export interface GatewayLinkParts {
  readonly shardId: string;
  /** Any of these keys lets a gateway in: there are several while keys are being changed. */
  readonly linkKeys: readonly Buffer[];
  readonly matches: Matches;
  /** Of these matches. */
  readonly inputs: InputRings;
  readonly seatTickets: SeatTicketOpener;
  readonly metrics: ShardMetrics;
  readonly now: () => number;
  readonly log: Logger;
}

/** What may wait for a gateway that does not read, bytes. Beyond it the link is cut: its players come back. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
/** A gateway sends hello at once and heartbeats regularly; one that is silent for this long is considered dead. */
const SILENT_MS_MAX = 8000;
const SILENCE_CHECK_MS = 2000;
/** A connection that has not proved to be a gateway's by then is cut. */
const HELLO_MS_MAX = 2000;
/** Where the game's part of an input begins: behind session, sequence number and tick. */
const INPUT_AT = 12;
/** Gateways number their sockets from 1 and reuse freed numbers: a higher number cannot come from one. */
const SESSION_MAX = 1_000_000;
const NOTHING = new Uint8Array(0);

export class GatewayLink implements Link {
  gatewayId = "";
  readonly #socket: Socket;
  readonly #parts: GatewayLinkParts;
  readonly #writer: LinkWriter;
  readonly #reader: LinkReader;
  readonly #sessions: LinkSessions;
  /** Sessions whose match is not here yet: it is being taken over. */
  readonly #joining = new Set<number>();
  readonly #refusal = new Uint8Array(1);
  readonly #silenceTimer: NodeJS.Timeout;
  readonly #helloTimer: NodeJS.Timeout;
  #heardAt = performance.now();

  constructor(socket: Socket, parts: GatewayLinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#sessions = new LinkSessions(parts.inputs);
    this.#writer = new LinkWriter((chunk) => this.#send(chunk), setImmediate);
    this.#reader = new LinkReader((type, bytes, from, to) => this.#onFrame(type, bytes, from, to), {
      frame: (type, bytes, from) => this.#lookAhead(type, bytes, from),
      end: () => undefined,
    });
    this.#reader.frameBytesMax = LINK_HELLO_BYTES_MAX;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("error", (err) => parts.log.warn({ err, gatewayId: this.gatewayId }, "link error"));
    socket.on("close", () => this.#onClose());
    this.#silenceTimer = setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS);
    this.#helloTimer = setTimeout(() => this.refuseUnauthenticated("no hello in time"), HELLO_MS_MAX);
  }

  control(message: ToGateway): void {
    this.#writer.plain(LinkFrameType.control, toBinary(LinkResponseSchema, create(LinkResponseSchema, message)));
  }

  unseat(session: number): void {
    this.#sessions.delete(session);
    this.control({ message: { case: "replaced", value: { session } } });
  }

  keyframe(channel: number, view: number, frame: Uint8Array): void {
    this.#writer.view(LinkFrameType.keyframe, channel, view, frame);
  }

  viewDelta(channel: number, view: number, delta: Uint8Array): void {
    this.#writer.view(LinkFrameType.viewDelta, channel, view, delta);
  }

  tick(channel: number, tick: number, checksum: number, record: Uint8Array, delta: Uint8Array): void {
    this.#writer.tick(channel, tick, checksum, record, delta);
  }

  close(): void {
    this.#writer.flush();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes a connection that has not authenticated as a gateway. */
  refuseUnauthenticated(reason: string): void {
    if (this.#socket.destroyed) return;
    this.#parts.log.warn(
      { address: this.#socket.remoteAddress, reason },
      "closed a connection to the link port that did not authenticate as a gateway",
    );
    this.#parts.metrics.unauthenticated.inc();
    this.#socket.destroy();
  }

  #send(chunk: Uint8Array): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(chunk);
    if (this.#socket.writableLength <= UNSENT_BYTES_MAX) return;
    this.#parts.log.error({ gatewayId: this.gatewayId }, "a gateway does not read its link; the link is closed");
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#heardAt = performance.now();
    try {
      this.#reader.push(chunk);
    } catch (err) {
      this.#parts.log.error(
        { err, gatewayId: this.gatewayId },
        "a gateway violated the link protocol; the link is closed",
      );
      if (this.gatewayId === "") this.#parts.metrics.unauthenticated.inc();
      this.#socket.destroy();
    }
  }

  /** A chunk has hundreds of inputs, each for another match. */
  #lookAhead(type: number, bytes: Uint8Array, from: number): void {
    if (type === LinkFrameType.input) this.#sessions.prefetch(u32(bytes, from));
  }

  #onFrame(type: number, bytes: Uint8Array, from: number, to: number): void {
    if (type === LinkFrameType.input && this.gatewayId !== "") return this.#onInput(bytes, from, to);
    if (type === LinkFrameType.control) return this.#onControl(fromBinary(LinkRequestSchema, bytes.subarray(from, to)));
    if (this.gatewayId === "") throw new Error("the first frame is hello");
    if (type === LinkFrameType.heartbeat) this.#writer.plain(LinkFrameType.heartbeat, NOTHING);
    // Other types are of a later version: not for us.
  }

  /** The hot path: once per player and tick. */
  #onInput(bytes: Uint8Array, from: number, to: number): void {
    if (to - from < INPUT_AT) throw new Error("an input frame is too short");
    const session = u32(bytes, from);
    const [seq, tick] = [u32(bytes, from + 4), u32(bytes, from + 8)];
    const refusal = this.#sessions.accept(session, seq, tick, bytes, from + INPUT_AT, to);
    this.#parts.metrics.inputs(refusal);
    if (refusal !== undefined) this.refuse(session, refusal);
  }

  refuse(session: number, refusal: InputRefusal): void {
    this.#refusal[0] = INPUT_REFUSALS.indexOf(refusal);
    this.#writer.numbered(LinkFrameType.inputRefused, session, this.#refusal);
  }

  #onControl({ message }: LinkRequest): void {
    if (message.case === "hello")
      return this.#onHello(message.value.gatewayId, message.value.version, message.value.proof);
    if (this.gatewayId === "") throw new Error("the first frame is hello");
    switch (message.case) {
      case "join": {
        const { session, seatTicket, traceparent, lastMatchSeq } = message.value;
        if (session > SESSION_MAX) throw new Error(`the session ${session} is out of bounds`);
        return inSpan({ name: "join", kind: "server" }, traceparent, () =>
          this.#onJoin(session, seatTicket, lastMatchSeq),
        );
      }
      case "watch":
        return this.#onWatch(message.value.matchId);
      case "unwatch":
        return this.#parts.matches.unwatch(message.value.matchId, this);
      case "handover": {
        const { matchId, epoch, ticks, check, holders, log, keyframe } = message.value;
        const { gatewayId } = this;
        return this.#parts.matches.transferLog(matchId, epoch, {
          gatewayId,
          ticks,
          checksum: check,
          replicas: holders,
          log,
          keyframe,
        });
      }
      case "leave":
        return this.#onLeave(message.value.session, message.value.forfeit);
      case undefined:
        return; // a message of a later version
    }
  }

  #onHello(gatewayId: string, version: number, proof: Uint8Array): void {
    const knows = this.#parts.linkKeys.some((key) => {
      const wanted = createHmac("sha256", key).update(gatewayId).digest();
      return proof.length === wanted.length && timingSafeEqual(proof, wanted);
    });
    if (!knows) throw new Error("the gateway does not know the link key");
    if (version !== LINK_VERSION) throw new Error(`the gateway speaks version ${version} of the link protocol`);
    this.gatewayId = gatewayId;
    this.#reader.frameBytesMax = LINK_FRAME_BYTES_MAX;
    clearTimeout(this.#helloTimer);
    this.#parts.log.info({ gatewayId }, "gateway linked");
    this.control({ message: { case: "welcome", value: { shardId: this.#parts.shardId, version: LINK_VERSION } } });
    this.#parts.matches.linked(this);
  }

  #onJoin(id: number, seatTicket: string, lastMatchSeq: number): void {
    const verdict = this.#parts.seatTickets.open(seatTicket, this.#parts.now());
    if (verdict.kind !== "valid") return this.#refuse(id, verdict.kind);
    const { claims } = verdict;
    const session: LinkSession = { link: this, id };
    this.#joining.add(id);
    this.#parts.matches.join(claims, session, lastMatchSeq, (match) => {
      const left = !this.#joining.delete(id);
      if (typeof match === "string") return left ? undefined : this.#refuse(id, match);
      if (left) return match.leave(claims.seat, session, false);
      this.#sessions.set(id, { session, match, seat: claims.seat });
      const { matchId, playerId, seat } = claims;
      this.#parts.log.info({ matchId, playerId, seat, gatewayId: this.gatewayId }, "player joined");
    });
  }

  #onWatch(matchId: string): void {
    this.#parts.matches.watch(matchId, this, (code) =>
      this.control({ message: { case: "watchRefused", value: { matchId, code } } }),
    );
  }

  #refuse(session: number, code: string): void {
    this.#parts.log.info({ code, gatewayId: this.gatewayId }, "join refused");
    this.control({ message: { case: "refused", value: { session, code } } });
  }

  #onLeave(id: number, forfeit: boolean): void {
    this.#joining.delete(id);
    const seated = this.#sessions.delete(id);
    seated?.match.leave(seated.seat, seated.session, forfeit);
  }

  /** A stopped or cut-off gateway keeps its socket open: without this its players would keep their seats forever. */
  #checkSilence(): void {
    if (performance.now() - this.#heardAt < SILENT_MS_MAX) return;
    this.#parts.log.warn({ gatewayId: this.gatewayId }, "a gateway stopped responding; the link is closed");
    this.#socket.destroy();
  }

  #onClose(): void {
    clearInterval(this.#silenceTimer);
    clearTimeout(this.#helloTimer);
    for (const { match, seat, session } of this.#sessions.clear()) match.leave(seat, session, false);
    this.#joining.clear();
    if (this.gatewayId !== "") this.#parts.matches.unlinked(this);
    if (this.gatewayId !== "") this.#parts.log.info({ gatewayId: this.gatewayId }, "gateway disconnected");
  }
}
