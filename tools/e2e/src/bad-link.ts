// A link as players have it, between a client and a gateway.
import { type Faults, openFaultProxy } from "@muster/testkit/fault-proxy";

export interface BadLink {
  readonly url: string;
  /** May be changed at any time. */
  readonly quality: Faults;
  /** Ends what is open, and what comes, until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openBadLink(gatewayUrl: string, quality: Faults, random: () => number): Promise<BadLink> {
  const { hostname, port, pathname } = new URL(gatewayUrl);
  const proxy = await openFaultProxy({ to: { host: hostname, port: Number(port) }, faults: quality, random });
  return {
    url: `ws://127.0.0.1:${proxy.port}${pathname}`,
    quality: proxy.faults,
    cut() {
      quality.refusing = true;
      proxy.cut();
    },
    mend() {
      quality.refusing = false;
    },
    close: () => proxy.close(),
  };
}
