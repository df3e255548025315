import { createLogger } from "@muster/log";
import { DISCONNECTS, encodeClientControl, PROTOCOL_VERSION } from "@muster/realtime";
import { ACCESS_TOKEN, hasEnded } from "@muster/tokens";
import { expect, it } from "vitest";
import { Connection, type OwnedConnectionParts } from "./connection.ts";
import { ControlBudgets } from "./control-limits.ts";
import { ControlWork } from "./control-work.ts";
import type { Socket } from "./ws.ts";

const EXPIRES_AT = 1_800_000_000;
const END_MS = (EXPIRES_AT + ACCESS_TOKEN.clockSkewSeconds) * 1000;

/** Where it was closed with, when the time is `nowMs`. */
async function closedAt(nowMs: number): Promise<number | undefined> {
  let ended: number | undefined;
  const socket = {
    send: () => "sent",
    bufferedBytes: () => 0,
    ping: () => "sent",
    end: (code: number) => void (ended = code),
    terminate: () => undefined,
  } as unknown as Socket;
  const { promise, resolve } = Promise.withResolvers<void>();
  const parts = {
    tokens: {
      verify: async () => ({ playerId: "p", playerName: "p", role: "player", expiresAt: EXPIRES_AT }),
      isRevoked: () => false,
    },
    budgets: new ControlBudgets(),
    work: new ControlWork({ now: () => 0, nextTurn: setImmediate }),
    metrics: { control: () => undefined, closed: () => undefined },
    log: createLogger("test", "silent"),
    now: () => nowMs,
    limits: { inputsPerS: 120, floodPerS: 2000, inputsRefusedMax: 300, authWithinMs: 1e9, slowCloseMs: 1e9 },
    onAuthenticated: resolve,
  } as unknown as OwnedConnectionParts;
  const connection = new Connection(socket, parts);
  const value = { accessToken: "t", protocolVersion: PROTOCOL_VERSION };
  connection.onMessage(encodeClientControl({ message: { case: "hello", value } }), true);
  await promise;
  connection.sweep(performance.now(), 0.5);
  return ended;
}

it("a connection ends when a request with the same token would be refused, and not before", async () => {
  expect(await closedAt(END_MS - 1)).toBeUndefined();
  expect(hasEnded({ expiresAt: EXPIRES_AT }, END_MS - 1)).toBe(false);
  expect(await closedAt(END_MS)).toBe(DISCONNECTS.tokenExpired.code);
  expect(hasEnded({ expiresAt: EXPIRES_AT }, END_MS)).toBe(true);
});
