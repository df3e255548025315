// The REST server without its system: for tests of what it does before and after it calls a service.
import { createLogger } from "@muster/log";
import { createLoadControl, createMetrics } from "@muster/runtime";
import { sheddersOf } from "../src/admission.ts";
import { readContract } from "../src/contract.ts";
import { createRestServer, type ServerParts } from "../src/server.ts";

const CALM = { callsInFlightMin: 100, callsInFlightMax: 100, eventLoopLateMs: 10_000 };

/** Every token is one of `playerId`. */
export function restServer(
  playerId: string,
  more: Partial<Pick<ServerParts, "contract" | "clients" | "corsOrigins" | "shedders">> = {},
): ReturnType<typeof createRestServer> {
  return createRestServer({
    contract: readContract(),
    clients: {} as never,
    tokens: { verify: async () => ({ playerId }) } as never,
    legacy: { origin: undefined, domains: [], answerWithinMs: 1000 } as never,
    corsOrigins: [],
    trustedProxies: [],
    shedders: sheddersOf(createLoadControl(CALM, createMetrics("test"))),
    deadlines: { readMs: 1000, writeMs: 1000 },
    metrics: createMetrics("test"),
    log: createLogger("test", "silent"),
    ...more,
  });
}
