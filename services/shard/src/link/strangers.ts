// Links that have not proved to be a gateway's.
import type { GatewayLink } from "./gateway-link.ts";

/** Beyond it the oldest is cut: a gateway proves at once that it is one. */
export const STRANGERS_MAX = 64;

export class Strangers {
  /** Oldest first. Gateways leave when there are too many. */
  readonly #links = new Set<Pick<GatewayLink, "gatewayId" | "refuseStranger">>();

  /**
   * A link that is cut leaves the count at once, not when its socket has closed, which takes an iteration of the event loop. libuv accepts one
   * connection per iteration (since 1.45, which Node 24 has); nothing here relies on that.
   */
  add(link: Pick<GatewayLink, "gatewayId" | "refuseStranger">): void {
    this.#links.add(link);
    if (this.#links.size <= STRANGERS_MAX) return;
    for (const one of this.#links) if (one.gatewayId !== "") this.#links.delete(one);
    for (const one of this.#links) {
      if (this.#links.size <= STRANGERS_MAX) return;
      this.#links.delete(one);
      one.refuseStranger(`more than ${STRANGERS_MAX} of them`);
    }
  }

  delete(link: Pick<GatewayLink, "gatewayId" | "refuseStranger">): void {
    this.#links.delete(link);
  }
}
