// The real service over a fresh database, for its own tests.
import { ReplayService } from "@muster/contracts/replay/v2";
import { inTransaction } from "@muster/db";
import type { EventOf } from "@muster/events";
import { type HarnessOptions, type ServiceHarness, startService, until } from "@muster/testkit";
import type { ReplayRow } from "../src/store/replays.ts";
import { findReplay } from "../src/store/replays.ts";
import type { Tables } from "../src/schema.ts";
import { service } from "../src/service.ts";
import { takeIn } from "../src/take-in.ts";
import { type Peers, startPeers } from "./peers.ts";

export interface Harness extends ServiceHarness<typeof ReplayService, Tables> {
  readonly peers: Peers;
}

export async function startHarness({ env, ...more }: HarnessOptions = {}): Promise<Harness> {
  const peers = await startPeers();
  const harness = await startService(service, ReplayService, { ...more, env: { ...peers.env, ...env } });
  const stop = async (): Promise<void> => {
    await harness[Symbol.asyncDispose]();
    await peers[Symbol.asyncDispose]();
  };
  return { ...harness, peers, [Symbol.asyncDispose]: stop };
}

/** As the consumer does, without a broker. */
export async function deliver({ db }: Pick<Harness, "db">, ...events: EventOf<"match.ended">[]): Promise<void> {
  for (const event of events)
    await inTransaction(db, (tx) => takeIn(tx, event, new Date()), { isolation: "read committed" });
}

/** Waits for a verdict. */
export async function judged({ db }: Pick<Harness, "db">, matchId: string): Promise<ReplayRow> {
  let row: ReplayRow | undefined;
  await until(async () => {
    row = await findReplay(db, matchId);
    return row?.verdict ? undefined : "no verdict";
  }, 60_000);
  return row as ReplayRow;
}
