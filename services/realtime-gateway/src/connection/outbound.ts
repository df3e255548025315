// On the hot path, for every snapshot that a player is sent: design/realtime/performance.md.
//
// The sending side of one socket. Control messages must arrive, or the socket is closed. Snapshots may be skipped; a keyframe
// then follows. So memory stays bounded, and no client diverges.
import { type DISCONNECTS, encodeServerControl } from "@muster/realtime";
import type { Socket } from "./ws.ts";

export type Control = Parameters<typeof encodeServerControl>[0];
export type ControlOutcome = "ok" | "overflow";

/** From the close frame to the end of the socket. */
const END_WITHIN_MS = 2000;

export class Outbound {
  /** Holds the state of the last frame: the next delta fits. */
  inSync = false;
  readonly #socket: Socket;
  /** Since when the peer is behind, on the clock of performance.now(), in whole milliseconds; -1: it is not. */
  #behindSince = -1;
  /** Behind, whatever the socket says: see staleness-probe.ts. */
  #stale = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The socket takes snapshots now. */
  get ready(): boolean {
    return this.#behindSince < 0;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  behindMs(now: number): number {
    return this.#behindSince < 0 ? 0 : now - this.#behindSince;
  }

  /** `overflow`: the buffer is full and the message is lost; close the socket. */
  control(message: Control): ControlOutcome {
    return this.#send(encodeServerControl(message)) ? "ok" : "overflow";
  }

  /** The same for a frame that many get. */
  frame(frame: Uint8Array): ControlOutcome {
    return this.#send(frame) ? "ok" : "overflow";
  }

  /** False: not sent, and the receiver needs a keyframe next. */
  snapshot(frame: Uint8Array): boolean {
    if (this.inSync && this.#behindSince < 0 && this.#send(frame)) return true;
    this.inSync = false;
    return false;
  }

  /** A keyframe and the deltas since, all or none of them wanted: sent even when the first ones fill the socket. */
  catchUp(frames: Iterable<Uint8Array>): void {
    this.inSync = false;
    for (const frame of frames) if (!this.#send(frame)) return;
    this.inSync = true;
  }

  get stale(): boolean {
    return this.#stale;
  }

  /** What was sent is not read: no snapshots, and the time without counts from then. */
  setStale(since: number): void {
    this.#stale = true;
    this.inSync = false;
    if (this.#behindSince < 0) this.#behindSince = Math.floor(since);
  }

  /** What was sent is read. */
  setFresh(): void {
    this.#stale = false;
    this.onDrain();
  }

  /** @returns false: it was not sent */
  ping(payload: Uint8Array): boolean {
    return this.#socket.ping(payload) !== "dropped";
  }

  /** The socket says that it has room again. */
  onDrain(): void {
    if (!this.#stale && this.#socket.bufferedBytes() === 0) this.#behindSince = -1;
  }

  close({ code, reason }: (typeof DISCONNECTS)[keyof typeof DISCONNECTS]): void {
    this.#socket.end(code, reason);
    // A peer that does not read never gets to the close frame.
    setTimeout(() => this.terminate(), END_WITHIN_MS).unref();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #send(bytes: Uint8Array): boolean {
    const outcome = this.#socket.send(bytes);
    if (outcome === "sent") return true;
    if (this.#behindSince < 0) this.#behindSince = Math.floor(performance.now());
    return outcome !== "dropped";
  }
}
