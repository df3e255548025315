// Links whose other end has not yet proved that it is a gateway.
import type { GatewayLink } from "./gateway-link.ts";

/** Above this, the oldest is closed: a gateway authenticates at once. */
export const UNAUTHENTICATED_MAX = 64;

export class UnauthenticatedLinks {
  /** Oldest first. Gateways leave when there are too many. */
  readonly #links = new Set<Pick<GatewayLink, "gatewayId" | "refuseUnauthenticated">>();

  /**
   * A link that is cut leaves the count at once, not when its socket has closed, which takes an iteration of the event loop. libuv accepts one
   * connection per iteration (since 1.45, which Node 24 has); nothing here relies on that.
   */
  add(link: Pick<GatewayLink, "gatewayId" | "refuseUnauthenticated">): void {
    this.#links.add(link);
    if (this.#links.size <= UNAUTHENTICATED_MAX) return;
    for (const one of this.#links) if (one.gatewayId !== "") this.#links.delete(one);
    for (const one of this.#links) {
      if (this.#links.size <= UNAUTHENTICATED_MAX) return;
      this.#links.delete(one);
      one.refuseUnauthenticated(`more than ${UNAUTHENTICATED_MAX} of them`);
    }
  }

  delete(link: Pick<GatewayLink, "gatewayId" | "refuseUnauthenticated">): void {
    this.#links.delete(link);
  }
}
