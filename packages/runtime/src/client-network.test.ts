import { expect, it } from "vitest";
import { clientNetworkOf } from "./client-network.ts";

it.each([
  ["2001:db8:1:2::1", "2001:db8:1:2"],
  ["2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2"],
  ["2001:db8::5", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::FFFF:c000:207", "192.0.2.7"],
  ["192.0.2.7", "192.0.2.7"],
  ["", ""],
  ["not an address", "not an address"],
])("%s is of the network %s", (address, network) => {
  expect(clientNetworkOf(address)).toBe(network);
});
