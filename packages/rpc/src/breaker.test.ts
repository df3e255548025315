import { commonError } from "@muster/errors";
import type { BreakerFigures, Dependency } from "@muster/resilience";
import { anyMethods } from "@muster/resilience/testing";
import { expect, it } from "vitest";
import { Breaker } from "./breaker.ts";

const answers = async (): Promise<string> => "an answer";
const away = async (): Promise<never> => {
  throw commonError("unavailable");
};
const late = async (): Promise<never> => {
  throw commonError("deadline_exceeded");
};
const refuses = async (): Promise<never> => {
  throw commonError("invalid_request");
};

const ROW = anyMethods(1000)["reads"] as Dependency;
const FIGURES: BreakerFigures = { volume: 5, failedPercent: 50, windowMs: 10_000, openMs: 1000 };

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (answer) => answer,
    (err: { code?: unknown }) => err.code,
  );

it("stops asking a service that fails, lets one call try after the pause, and goes on when that one is answered", async () => {
  const openMs = 100;
  const breaker = new Breaker(ROW, { ...FIGURES, openMs });
  for (const call of [away, late, away, late, away]) await codeOf(breaker.run(call));
  expect(breaker.reason).toBeDefined();
  let asked = 0;
  const counted = async (): Promise<string> => `answer ${++asked}`;
  await expect(breaker.run(counted)).rejects.toMatchObject({ code: "unavailable", details: { retryAfterS: 1 } });
  expect(asked).toBe(0);

  // After the pause it says nothing against the service, also when nobody calls; the next failure does.
  await expect.poll(() => breaker.reason).toBeUndefined();
  await codeOf(breaker.run(away));
  expect(breaker.reason).toBeDefined();
  await expect.poll(() => codeOf(breaker.run(counted))).toBe("answer 1");
  expect(breaker.reason).toBeUndefined();
  expect(await Promise.all([breaker.run(counted), breaker.run(counted)])).toEqual(["answer 2", "answer 3"]);
  breaker.stop();
});

it("takes a refusal for an answer, and needs more than a few calls to judge", async () => {
  const breaker = new Breaker(ROW, FIGURES);
  for (let i = 0; i < 4; i++) expect(await codeOf(breaker.run(away))).toBe("unavailable");
  for (let i = 0; i < 20; i++) expect(await codeOf(breaker.run(refuses))).toBe("invalid_request");
  expect(await codeOf(breaker.run(answers))).toBe("an answer");
  expect(breaker.reason).toBeUndefined();
  breaker.stop();
});
