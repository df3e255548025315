import { expect, it } from "vitest";
import { createPasswords } from "./passwords.ts";

it("hashing for known devices has a queue of its own: unknown devices cannot fill it, from however many addresses", async () => {
  const passwords = createPasswords({ logInsMax: 1, registrationsMax: 1, waitingMax: 2 });
  const crowd = Array.from({ length: 8 }, (_, i) =>
    passwords.verify("wrong", undefined, { queue: "log-in", source: `192.0.2.${i}` }).catch((err: Error) => err),
  );
  const owner = await passwords.verify("wrong", undefined, { queue: "known", source: "198.51.100.1" });
  expect(owner).toBe(false);
  const refused = (await Promise.all(crowd)).filter((outcome) => outcome !== false);
  expect(refused).toHaveLength(5);
  for (const refusal of refused) expect(refusal).toMatchObject({ code: "busy" });
});

it("and uses the slots that unknown devices leave free: as many at once as without it, and one more", async () => {
  const passwords = createPasswords({ logInsMax: 2, registrationsMax: 1, waitingMax: 0 });
  const verify = (): Promise<boolean | string> =>
    passwords
      .verify("wrong", undefined, { queue: "known", source: "198.51.100.1" })
      .catch((err: { code: string }) => err.code);
  expect(await Promise.all([verify(), verify(), verify(), verify()])).toEqual([false, false, false, "busy"]);
});
