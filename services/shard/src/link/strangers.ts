// Links that have not proved to be a gateway's.
import type { GatewayLink } from "./gateway-link.ts";

/** Beyond it the oldest goes: a gateway proves it at once. */
export const STRANGERS_MAX = 64;

export class Strangers {
  /** Oldest first. Gateways leave when there are too many. */
  readonly #links = new Set<Pick<GatewayLink, "gatewayId" | "refuseStranger">>();

  /**
   * Who has to go is out of the count at once, not when its socket has closed: that takes until the event loop comes round. libuv lets one
   * in per round (since 1.45, which Node 24 has); nothing here relies on that.
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
