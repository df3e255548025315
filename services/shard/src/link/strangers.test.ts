import { expect, it } from "vitest";
import { Strangers, STRANGERS_MAX } from "./strangers.ts";

it("who comes all at once does not pass the limit: the oldest go, before any socket has closed, and never a gateway", () => {
  const strangers = new Strangers();
  const refused: number[] = [];
  const links = Array.from({ length: 300 }, (_, i) => ({ gatewayId: "", refuseStranger: () => void refused.push(i) }));
  for (const [i, link] of links.entries()) {
    strangers.add(link);
    if (i === 40) link.gatewayId = "g"; // it has said hello
  }
  expect(300 - 1 - refused.length).toBe(STRANGERS_MAX);
  expect(refused.toSorted((a, b) => a - b)).toEqual([...Array(300 - STRANGERS_MAX).keys()].filter((i) => i !== 40));
});
