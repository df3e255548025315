import { describe, expect, it } from "vitest";
import { clientAddress, proxiesOf } from "./client-address.ts";
import { UnauthenticatedSockets } from "./unauthenticated-sockets.ts";

describe("where a socket comes from", () => {
  const proxies = proxiesOf(["127.0.0.0/8", "::1/128", "10.0.0.7"]);
  it.each([
    ["203.0.113.5", "", "203.0.113.5"],
    ["203.0.113.5", "198.51.100.1", "203.0.113.5"], // not a trusted proxy: the header is ignored
    ["127.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["127.0.0.1", "198.51.100.9, 198.51.100.1", "198.51.100.1"],
    ["127.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"],
    ["127.0.0.1", "198.51.100.1, nonsense", "127.0.0.1"],
    ["127.0.0.1", "", "127.0.0.1"],
    ["0000:0000:0000:0000:0000:ffff:7f00:0001", "198.51.100.1", "198.51.100.1"],
    ["0000:0000:0000:0000:0000:0000:0000:0001", "::ffff:198.51.100.1", "198.51.100.1"],
    ["127.0.0.1", "2001:DB8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["127.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
    ["127.0.0.1", "2001:db8:1:3::1", "2001:db8:1:3::/64"],
  ])("%s that forwards for %s is %s", (peer, forwardedFor, address) => {
    expect(clientAddress({ peer, forwardedFor }, proxies)).toBe(address);
  });
});

describe("sockets without a player", () => {
  it("are limited in all and per address, and make room when they are known or gone", () => {
    const sockets = new UnauthenticatedSockets({ max: 5, perAddressMax: 2 });
    for (const address of ["a", "a", "b", "c"]) {
      expect(sockets.refusal(address)).toBeUndefined();
      sockets.add(address);
    }
    expect([sockets.refusal("a"), sockets.refusal("b")]).toEqual(["address", undefined]);
    sockets.add("b");
    expect(sockets.refusal("d")).toBe("unauthenticated");
    sockets.remove("a");
    expect([sockets.refusal("d"), sockets.refusal("a"), sockets.size]).toEqual([undefined, undefined, 4]);
  });
});
