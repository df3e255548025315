// Who gets a match's ticks: the gateway links that carry its players, and where that is one only, a second gateway as a
// witness, so that the input log never lives in one other process alone.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinkResponseSchema } from "@muster/contracts/realtime/link/v1";

export type ToGateway = MessageInitShape<typeof LinkResponseSchema>;

/** One link to one gateway, as a match sees it. */
export interface Link {
  readonly gatewayId: string;
  control(message: ToGateway): void;
  keyframe(channel: number, frame: Uint8Array): void;
  /** `delta` is empty for a witness, and for a last record after which there is no state to show. */
  tick(channel: number, tick: number, check: number, record: Uint8Array, delta: Uint8Array): void;
}

/** A player's socket, as a match sees it. */
export interface Session {
  readonly link: Link;
  /** Chosen by the gateway. */
  readonly id: number;
}

const NO_DELTA = new Uint8Array(0);

/** The links of a match, each once, however many of its players it carries. */
export class Audience {
  /** Players by link. */
  readonly #links = new Map<Link, number>();
  #witness: Link | undefined;

  /** Gateways that hold the log. */
  get holders(): string[] {
    const links = this.#witness ? [...this.#links.keys(), this.#witness] : [...this.#links.keys()];
    return links.map((link) => link.gatewayId);
  }

  has(link: Link): boolean {
    return this.#links.has(link) || this.#witness === link;
  }

  /** @returns true when the link is new to the match: it needs the log so far. */
  add(link: Link): boolean {
    const before = this.has(link);
    if (this.#witness === link) this.#witness = undefined;
    this.#links.set(link, (this.#links.get(link) ?? 0) + 1);
    return !before;
  }

  /** @returns true when the link carries no player any more. */
  remove(link: Link): boolean {
    const left = (this.#links.get(link) ?? 0) - 1;
    if (left > 0) this.#links.set(link, left);
    else this.#links.delete(link);
    return left <= 0;
  }

  /** A closed link carries nothing. */
  drop(link: Link): void {
    this.#links.delete(link);
    if (this.#witness === link) this.#witness = undefined;
  }

  /** True when another gateway would make the log safer. */
  get wantsWitness(): boolean {
    return this.#links.size < 2 && !this.#witness;
  }

  witness(link: Link): void {
    this.#witness = link;
  }

  tick(channel: number, tick: number, check: number, record: Uint8Array, delta: Uint8Array): void {
    for (const link of this.#links.keys()) link.tick(channel, tick, check, record, delta);
    this.#witness?.tick(channel, tick, check, record, NO_DELTA);
  }

  keyframe(channel: number, frame: Uint8Array): void {
    for (const link of this.#links.keys()) link.keyframe(channel, frame);
  }

  /** To the gateways that carry players. */
  control(message: ToGateway): void {
    for (const link of this.#links.keys()) link.control(message);
  }

  /** To the witness too: what concerns the log. */
  controlAll(message: ToGateway): void {
    this.control(message);
    this.#witness?.control(message);
  }
}
