// A callee stops while requests are in flight: no process may crash, and no request that was certainly not processed may be
// lost.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { IdentityService } from "@muster/contracts/identity/v2";
import { anyMethods } from "@muster/resilience/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRpcClient, type RpcClient } from "./client.ts";

const PLAYER = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
/** One in ten ended the process while errors that came late had no listener: 60 tries miss that once in five hundred runs. */
const TRIES = 60;
/** The request comes at a random moment of the first of these milliseconds after the server was told to stop. */
const WINDOW_MS = 4;

/** A timer has whole milliseconds; this goes on turn by turn of the event loop. */
async function turnsFor(ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
}

describe("a callee that restarts", () => {
  let worker: Worker;
  let port = 0;
  let client: RpcClient<typeof IdentityService>;
  const uncaught: unknown[] = [];
  const onUncaught = (err: unknown): void => void uncaught.push(err);
  const tell = async (order: unknown): Promise<{ url: string; served: number }> => {
    worker.postMessage(order);
    const [answer] = (await once(worker, "message")) as [{ url: string; served: number; failed?: string }];
    if (answer.failed) throw new Error(answer.failed);
    return answer;
  };
  beforeAll(async () => {
    worker = new Worker(new URL("../test/server-worker.ts", import.meta.url));
    process.on("uncaughtException", onUncaught);
    process.on("unhandledRejection", onUncaught);
    port = Number(new URL((await tell({ start: 0 })).url).port);
    client = createRpcClient({
      service: IdentityService,
      baseUrl: `http://127.0.0.1:${port}`,
      dependency: anyMethods(2000),
    });
  });
  afterAll(async () => {
    await client.stop?.();
    await worker.terminate();
    process.off("uncaughtException", onUncaught);
    process.off("unhandledRejection", onUncaught);
  });

  it("never ends its caller, whenever the request comes, and the request is served after all", async () => {
    const codes: Record<string, number> = {};
    for (let i = 0; i < TRIES; i++) {
      await client.call.getProfile({ playerId: PLAYER });
      const stopping = tell("stop");
      await stopping;
      const stopped = once(worker, "message");
      await turnsFor(Math.random() * WINDOW_MS);
      const call = client.call.getProfile({ playerId: PLAYER }).then(
        () => "ok",
        (err: { code: string }) => err.code,
      );
      await stopped;
      await tell({ start: port });
      const code = await call;
      codes[code] = (codes[code] ?? 0) + 1;
    }
    expect(uncaught.map(String)).toEqual([]);
    expect(codes).toEqual({ ok: TRIES });
  }, 60_000);
});
