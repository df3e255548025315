// Log-in defence: who guesses waits, who owns the account does not, and nobody learns which names exist.
import { describeWithMariadb } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

const PASSWORD = "correct horse battery";
const OWN_DEVICE = "own-device-00000000";

describeWithMariadb("log-in defence", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      IDENTITY_LOGIN_FREE_PER_ACCOUNT: "3",
      IDENTITY_LOGIN_FREE_PER_ADDRESS: "20",
      IDENTITY_LOGIN_DELAY_MAX_S: "60",
    });
    await harness.call.register({ name: "Owner", password: PASSWORD, deviceId: OWN_DEVICE });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  interface Refusal {
    readonly code: string;
    readonly details?: { readonly retryAfterS?: number };
  }
  const logIn = async (name: string, password: string, clientAddress: string, deviceId = ""): Promise<Refusal> =>
    harness.call.logIn({ name, password, clientAddress, deviceId }).then(
      () => ({ code: "ok" }),
      (err: Refusal) => err,
    );
  const codes = async (times: number, attempt: () => Promise<Refusal>): Promise<string[]> => {
    const all: string[] = [];
    for (let i = 0; i < times; i++) all.push((await attempt()).code);
    return all;
  };

  it.each([
    ["a name that exists", "owner"],
    ["a name that does not", "nobody-at-all"],
  ])("delays guesses at %s, longer each time, up to a limit", async (_note, name) => {
    expect(await codes(4, () => logIn(name, "wrong", "192.0.2.1"))).toEqual([
      "bad_credentials",
      "bad_credentials",
      "bad_credentials",
      "too_many_attempts",
    ]);
    const waits: number[] = [];
    for (let i = 0; i < 8; i++) {
      const refusal = await logIn(name, "wrong", "192.0.2.1");
      expect(refusal.code).toBe("too_many_attempts");
      waits.push(refusal.details?.retryAfterS as number);
      harness.advance(waits.at(-1) as number);
      expect((await logIn(name, "wrong", "192.0.2.1")).code).toBe("bad_credentials");
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it("lets the owner in on a device that the account knows, while strangers wait", async () => {
    await codes(4, () => logIn("owner", "wrong", "192.0.2.2"));
    expect((await logIn("owner", PASSWORD, "198.51.100.7")).code).toBe("too_many_attempts");
    expect((await logIn("owner", PASSWORD, "198.51.100.7", "unknown-device-000")).code).toBe("too_many_attempts");
    expect((await logIn("owner", PASSWORD, "198.51.100.7", OWN_DEVICE)).code).toBe("ok");
  });

  it("lets no burst through: attempts count from their start", async () => {
    const burst = await Promise.all(Array.from({ length: 12 }, () => logIn("bursty", "wrong", "203.0.113.9")));
    expect(burst.filter(({ code }) => code === "bad_credentials")).toHaveLength(3);
    expect(burst.filter(({ code }) => code === "too_many_attempts")).toHaveLength(9);
  });

  it("counts an address over all names, an IPv6 one by its /64", async () => {
    const spray = await codes(22, () =>
      logIn(`victim-${Math.random()}`, "wrong", `2001:db8::${crypto.randomUUID().slice(0, 4)}`),
    );
    expect(spray.filter((code) => code === "bad_credentials")).toHaveLength(20);
    expect(spray.slice(20)).toEqual(["too_many_attempts", "too_many_attempts"]);
    expect((await logIn("somebody", "wrong", "2001:db8:0:1::1")).code).toBe("bad_credentials");
  });

  it("forgets the failures of an account after a success, and an attempt that was never checked", async () => {
    await harness.call.register({ name: "Clumsy", password: PASSWORD });
    for (let round = 0; round < 3; round++) {
      expect(await codes(2, () => logIn("clumsy", "wrong", ""))).toEqual(["bad_credentials", "bad_credentials"]);
      expect((await logIn("clumsy", PASSWORD, "")).code).toBe("ok");
    }
    await using busy = await startHarness({
      IDENTITY_LOGIN_FREE_PER_ACCOUNT: "3",
      IDENTITY_HASHING_MAX: "1",
      IDENTITY_HASHING_QUEUE_MAX: "0",
    });
    const attempt = (): Promise<string> =>
      busy.call.logIn({ name: `n${Math.random()}`, password: "wrong", clientAddress: "192.0.2.9" }).then(
        () => "ok",
        (err: Refusal) => err.code,
      );
    const flood = await Promise.all(Array.from({ length: 20 }, attempt));
    const checked = flood.filter((code) => code === "bad_credentials").length;
    expect(flood.filter((code) => code === "busy").length).toBe(20 - checked);
    const total = await busy.db
      .selectFrom("login_failures")
      .select((eb) => eb.fn.sum<string>("failures").as("failures"))
      .executeTakeFirstOrThrow();
    expect(Number(total.failures)).toBe(checked * 2); // one by the account, one by the address
  });

  it("takes as long for an unknown name as for a wrong password", async () => {
    await using free = await startHarness({
      IDENTITY_LOGIN_FREE_PER_ACCOUNT: "1000",
      IDENTITY_LOGIN_FREE_PER_ADDRESS: "1000",
    });
    await free.call.register({ name: "Known", password: PASSWORD });
    const timed = async (name: string): Promise<number> => {
      const at = performance.now();
      await expect(free.call.logIn({ name, password: "wrong" })).rejects.toMatchObject({ code: "bad_credentials" });
      return performance.now() - at;
    };
    const times = { known: [] as number[], unknown: [] as number[] };
    for (let i = 0; i < 5; i++) await timed("known"); // warm up
    for (let i = 0; i < 40; i++) {
      times.known.push(await timed("known"));
      times.unknown.push(await timed(`unknown-${i % 4}`));
    }
    // Mann-Whitney U: |z| above 4 would come by chance in one run of 15,000. A log-in that skips the hash gives 7.7.
    expect(Math.abs(mannWhitneyZ(times.known, times.unknown))).toBeLessThan(4);
  });
});

/** Normal approximation; ties do not occur in times. */
function mannWhitneyZ(a: readonly number[], b: readonly number[]): number {
  const wins = a.reduce((sum, x) => sum + b.filter((y) => x > y).length, 0);
  const mean = (a.length * b.length) / 2;
  return (wins - mean) / Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
}
