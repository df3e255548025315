import { AppError, commonError, type ErrorRow } from "@muster/errors";
import { createLogger } from "@muster/log";
import { Limiter } from "@muster/runtime";
import { expect, it } from "vitest";
import type { Control } from "../connection/outbound.ts";
import { ChatSession, type ChatSessionParts } from "./chat-session.ts";

const ROW: ErrorRow = { grpc: "resource_exhausted", retryable: true, message: "Too many messages; wait a moment." };
const CLAIMS = { playerId: "ann", playerName: "ann", role: "player" } as never;

async function replyTo(refusal: AppError): Promise<Control["message"]> {
  const { promise, resolve } = Promise.withResolvers<Control>();
  const service = { postMessage: () => Promise.reject(refusal) };
  const parts = {
    service,
    posting: new Limiter({ runningMax: 1, waitingMax: 1 }),
    log: createLogger("test", "silent"),
    stream: {},
  };
  const session = new ChatSession("ann", parts as unknown as ChatSessionParts, { control: resolve, frame: () => {} });
  session.send(7, { channelId: "room", body: "hello", key: "a" } as never, CLAIMS);
  const reply = await promise;
  expect(reply.requestId).toBe(7);
  return reply.message;
}

it("says when a message that came too early will be accepted", async () => {
  const message = await replyTo(new AppError("chat_rate_limited", ROW, { details: { retryAfterS: 3 } }));
  expect(message).toMatchObject({ case: "error", value: { code: "chat_rate_limited", retryAfterMs: 3000 } });
});

it("passes on the text of a refusal, and no time where waiting is not said to help", async () => {
  const details = { until: "2026-11-27T19:24:13.986Z", reason: "loud" };
  const message = await replyTo(new AppError("muted", ROW, { message: "muted: loud", details }));
  expect(message).toMatchObject({ case: "error", value: { code: "muted", message: "muted: loud", retryAfterMs: 0 } });
});

it("says when an overloaded chat-service wants the message again", async () => {
  const message = await replyTo(commonError("overloaded", { details: { retryAfterS: 1 } }));
  expect(message).toMatchObject({ case: "error", value: { code: "chat_unavailable", retryAfterMs: 1000 } });
});
