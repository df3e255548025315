import { createLogger } from "@muster/log";
import { expect, it } from "vitest";
import { readContract } from "./contract.ts";
import { createLegacy } from "./legacy.ts";

it("a legacy origin keeps its front page, and nothing else that the contract names", () => {
  const contract = readContract();
  const legacy = createLegacy({
    origin: "http://127.0.0.1:1",
    domains: [],
    answerWithinMs: 1000,
    contract,
    onAnswer: () => undefined,
    log: createLogger("test", "silent"),
  });
  const taken = [...contract.operations.values()].filter(({ method, url }) =>
    legacy?.takes(String(method), url.replace(/:\w+/g, "x")),
  );
  expect(taken.map(({ operationId }) => operationId)).toEqual(["getInstallation"]);
  for (const method of ["GET", "HEAD"]) {
    expect(legacy?.takes(method, "/index.html")).toBe(true);
    expect(legacy?.takes(method, "/v1/modes")).toBe(false);
  }
});
