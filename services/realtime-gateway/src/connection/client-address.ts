// A socket's client address: the peer's, or the one that our own ingress reports. Nothing else is trusted.
import ipaddr from "ipaddr.js";

export interface Upgrade {
  /** Of the TCP connection. */
  readonly peer: string;
  /** X-Forwarded-For as received, or empty. */
  readonly forwardedFor: string;
}

export type Proxies = readonly [ipaddr.IPv4 | ipaddr.IPv6, number][];

/** IPv6 groups of a /64: what one customer has. */
const NETWORK_GROUPS = 4;

/** CIDRs, or single addresses. @throws Error for anything else */
export function proxiesOf(cidrs: readonly string[]): Proxies {
  return cidrs.map((cidr) => {
    if (cidr.includes("/")) return ipaddr.parseCIDR(cidr);
    const address = ipaddr.parse(cidr);
    return [address, address.toByteArray().length * 8];
  });
}

/** The nearest address that is not a proxy of ours, in one form: what limits per address count by. Of IPv6 the /64. */
export function clientAddress({ peer, forwardedFor }: Upgrade, proxies: Proxies): string {
  if (!ipaddr.isValid(peer)) return peer;
  let address = ipaddr.process(peer);
  const hops = forwardedFor.split(",").map((hop) => hop.trim());
  while (proxies.some((proxy) => proxy[0].kind() === address.kind() && address.match(proxy))) {
    const hop = hops.pop();
    if (hop === undefined || !ipaddr.isValid(hop)) break;
    address = ipaddr.process(hop);
  }
  if (address instanceof ipaddr.IPv4) return address.toString();
  const network = address.parts.slice(0, NETWORK_GROUPS).map((group) => group.toString(16));
  return `${network.join(":")}::/64`;
}
