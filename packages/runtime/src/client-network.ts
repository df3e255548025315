import ipaddr from "ipaddr.js";

/** Who shares an address: an IPv6 customer has a /64, and one address more of it is no other caller. Empty for no address. */
export function clientNetworkOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const parsed = ipaddr.process(address); // ::ffff:1.2.3.4 is 1.2.3.4
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return parsed.parts
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
}
