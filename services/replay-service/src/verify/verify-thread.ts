// A thread that simulates matches, one at a time. What it can do to the process: verify-threads.ts.
import { parentPort, workerData } from "node:worker_threads";
import type { Game } from "@muster/game-kit";
import { judge } from "./judge.ts";
import type { FromThread, ThreadData } from "./verify-threads.ts";

const { gamesModule } = workerData as ThreadData;
const { BUILDS } = (await import(gamesModule)) as { readonly BUILDS: readonly Game[] };

const say = (message: FromThread): void => parentPort?.postMessage(message);

parentPort?.on("message", (content: Uint8Array) => {
  void judge(content, BUILDS).then(
    (outcome) => say({ outcome }),
    (err: unknown) => say({ fault: String(err) }),
  );
});
say({ ready: true });
