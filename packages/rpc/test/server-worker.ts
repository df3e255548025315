// A server in its own thread, so that it can stop while its callers' thread continues. It starts and stops on command.
import { parentPort } from "node:worker_threads";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { createRpcServer, type RpcServer } from "../src/server.ts";

export type Order = { readonly start: number } | "stop";

let server: RpcServer | undefined;
let served = 0;

async function obey(order: Order): Promise<void> {
  if (order === "stop") {
    await server?.stop?.();
    return;
  }
  server = createRpcServer({
    host: "127.0.0.1",
    port: order.start,
    log: createLogger("test", "silent"),
    metrics: createMetrics("test"),
    routes: (router) =>
      router.service(IdentityService, {
        getProfile: async () => {
          served++;
          return {} as never;
        },
      }),
  });
  await server.start?.();
}

parentPort?.on("message", (order: Order) => {
  if (order === "stop") parentPort?.postMessage("stopping");
  obey(order).then(
    () => parentPort?.postMessage({ url: server?.url ?? "", served }),
    (err: unknown) => parentPort?.postMessage({ failed: String(err) }),
  );
});
