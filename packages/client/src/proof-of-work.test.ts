import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { challengeOf, solved } from "./proof-of-work.ts";

it("finds what the contract calls a solution, and lets others run meanwhile", async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  for (const bits of [0, 8, 14]) {
    const [challenge, counter] = (await solved({ challenge: `challenge-${bits}`, bits })).split(".") as [
      string,
      string,
    ];
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(counter));
    const hash = createHash("sha256").update(createHash("sha256").update(challenge).digest()).update(bytes).digest();
    expect(Math.clz32(hash.readUInt32BE(0))).toBeGreaterThanOrEqual(bits);
  }
  await solved({ challenge: "long", bits: 17 });
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});

it("works on no challenge that it does not know, and on none without an end", () => {
  expect(challengeOf({ kind: "proof_of_work", challenge: "x", bits: 16 })).toEqual({ challenge: "x", bits: 16 });
  for (const details of [
    undefined,
    { kind: "captcha", challenge: "x", bits: 1 },
    { kind: "proof_of_work", challenge: "x", bits: 40 },
  ])
    expect(() => challengeOf(details)).toThrow(expect.objectContaining({ code: "challenge_required" }));
});
