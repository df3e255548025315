// More log-ins or registrations than passwords can be hashed, from many addresses, as the ingress reports them.
import { randomBytes } from "node:crypto";

export interface FloodOptions {
  readonly kind: "log in" | "register";
  readonly perS: number;
  readonly addresses: number;
}

const GIVE_UP_MS = 20_000;
const IN_FLIGHT_MAX = 2000;

/** @returns what ends it, when all answers have come */
export function startFlood(edgeUrl: string, { kind, perS, addresses }: FloodOptions): () => Promise<void> {
  const running = new Set<Promise<void>>();
  let due = 0;
  let lastAt = performance.now();
  let nth = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    due += ((now - lastAt) / 1000) * perS;
    lastAt = now;
    for (; due >= 1; due--) {
      if (running.size >= IN_FLIGHT_MAX) continue;
      const one = ask(edgeUrl, kind, `198.51.100.${nth++ % addresses}`).finally(() => running.delete(one));
      running.add(one);
    }
  }, 5);
  return async () => {
    clearInterval(timer);
    await Promise.all(running);
  };
}

async function ask(edgeUrl: string, kind: FloodOptions["kind"], address: string): Promise<void> {
  const name = `flood-${randomBytes(6).toString("hex")}`;
  await fetch(`${edgeUrl}/v1/auth/${kind === "log in" ? "login" : "register"}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address },
    body: JSON.stringify({ name, password: "a long enough password" }),
    signal: AbortSignal.timeout(GIVE_UP_MS),
  }).then(
    (response) => response.arrayBuffer(),
    () => undefined,
  );
}
