import { answers } from "@muster/local";

/** Where whole systems have their ports (infra/local/src/ports.ts), below those for outgoing connections. */
const [BASE_FROM, BASES] = [18_400, 140];
/** Test files at work side by side pick from different parts of it, as with `freePort`. */
const LANES = 4;

/** A block of a hundred ports for a whole system; several checkouts may be tested at the same time. */
export async function freePortBase(): Promise<number> {
  const lane = Number(process.env["VITEST_POOL_ID"] ?? 0) % LANES;
  for (;;) {
    const base = BASE_FROM + 100 * (lane + LANES * Math.floor((Math.random() * BASES) / LANES));
    const taken = await Promise.all([0, 10, 20, 30, 40, 50, 60, 90].map((offset) => answers(base + offset)));
    if (!taken.includes(true)) return base;
  }
}
