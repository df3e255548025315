// A server in a process of its own that does nothing but work: so many milliseconds of its processor for every call.
import { setTimeout } from "node:timers/promises";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createLogger } from "@muster/log";
import { createLoadControl, createMetrics } from "@muster/runtime";
import { createRpcServer } from "../src/server.ts";

const [workMs, sheds] = [Number(process.argv[2]), process.argv[3] === "sheds"];
const metrics = createMetrics("test");
const load = createLoadControl({ callsInFlightMin: 32, callsInFlightMax: 320, eventLoopLateMs: 250 }, metrics);
const server = createRpcServer({
  host: "127.0.0.1",
  port: 0,
  log: createLogger("test", "silent"),
  metrics,
  ...(sheds && { shedder: load.shedder("calls") }),
  routes: (router) =>
    router.service(IdentityService, {
      getProfile: async () => {
        work(workMs / 2);
        await setTimeout(1); // as for a database
        work(workMs / 2);
        return {} as never;
      },
    }),
});
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

await load.start?.();
await server.start?.();
process.send?.(server.url);
