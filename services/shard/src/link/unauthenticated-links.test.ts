import { expect, it } from "vitest";
import { UnauthenticatedLinks, UNAUTHENTICATED_MAX } from "./unauthenticated-links.ts";

it("who comes all at once does not pass the limit: the oldest go, before any socket has closed, and never a gateway", () => {
  const unauthenticated = new UnauthenticatedLinks();
  const refused: number[] = [];
  const links = Array.from({ length: 300 }, (_, i) => ({
    gatewayId: "",
    refuseUnauthenticated: () => void refused.push(i),
  }));
  for (const [i, link] of links.entries()) {
    unauthenticated.add(link);
    if (i === 40) link.gatewayId = "g"; // it has said hello
  }
  expect(300 - 1 - refused.length).toBe(UNAUTHENTICATED_MAX);
  expect(refused.toSorted((a, b) => a - b)).toEqual(
    [...Array(300 - UNAUTHENTICATED_MAX).keys()].filter((i) => i !== 40),
  );
});
