// Who watches a match: the gateway links that carry its players.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinkResponseSchema } from "@muster/contracts/realtime/link/v1";

export type ToGateway = MessageInitShape<typeof LinkResponseSchema>;

/** One link to one gateway, as a match sees it. */
export interface Link {
  readonly gatewayId: string;
  control(message: ToGateway): void;
  keyframe(channel: number, frame: Uint8Array): void;
  delta(channel: number, frame: Uint8Array): void;
}

/** A player's socket, as a match sees it. */
export interface Session {
  readonly link: Link;
  /** Chosen by the gateway. */
  readonly id: number;
}

/** The links of a match, each once, however many of its players it carries. */
export class Audience {
  readonly #links = new Map<Link, number>();

  add(link: Link): void {
    this.#links.set(link, (this.#links.get(link) ?? 0) + 1);
  }

  remove(link: Link): void {
    const left = (this.#links.get(link) ?? 0) - 1;
    if (left > 0) this.#links.set(link, left);
    else this.#links.delete(link);
  }

  delta(channel: number, frame: Uint8Array): void {
    for (const link of this.#links.keys()) link.delta(channel, frame);
  }

  keyframe(channel: number, frame: Uint8Array): void {
    for (const link of this.#links.keys()) link.keyframe(channel, frame);
  }

  control(message: ToGateway): void {
    for (const link of this.#links.keys()) link.control(message);
  }
}
