// The chat session of one connection: subscribing and sending. Allowed in every state once the player is known.
import type { Client } from "@connectrpc/connect";
import type { ChatService } from "@muster/contracts/chat/v2";
import type { ChatSend, ChatSubscribe } from "@muster/contracts/realtime/v1";
import { AppError } from "@muster/errors";
import type { Logger } from "@muster/log";
import { CHAT_REFUSALS, type RealtimeErrorCode } from "@muster/realtime";
import { type Limiter, LimitReachedError } from "@muster/runtime";
import type { AccessClaims } from "@muster/tokens";
import type { ChatStream, ChatListener } from "./chat-stream.ts";
import type { Control } from "../connection/outbound.ts";
import { errorReply } from "../connection/replies.ts";

export interface ChatSessionParts {
  readonly stream: ChatStream;
  readonly service: Client<typeof ChatService>;
  /** Of all connections: how many messages are on their way at once. */
  readonly posting: Limiter;
  readonly log: Logger;
}

export class ChatSession implements ChatListener {
  readonly playerId: string;
  readonly #parts: ChatSessionParts;
  readonly #send: (message: Control) => void;
  readonly #sendFrame: (frame: Uint8Array) => void;

  constructor(
    playerId: string,
    parts: ChatSessionParts,
    to: { control: (message: Control) => void; frame: (frame: Uint8Array) => void },
  ) {
    this.playerId = playerId;
    this.#parts = parts;
    this.#send = to.control;
    this.#sendFrame = to.frame;
  }

  subscribe(requestId: number, { cursors }: ChatSubscribe): void {
    const { stream } = this.#parts;
    if (!stream.connected) return this.#send(errorReply(requestId, "chat_unavailable"));
    stream.subscribe(this, requestId, new Map(cursors.map(({ channelId, change }) => [channelId, change])));
  }

  /** The answer is the call's: stored, or refused with the service's own words. */
  send(requestId: number, { channelId, body, key }: ChatSend, claims: AccessClaims): void {
    const { playerId, playerName: name, role } = claims;
    const actor = { playerId, name, moderator: role !== "player" };
    const { service, posting } = this.#parts;
    posting
      .run(() => service.postMessage({ actor, channelId, body, key }))
      .then(
        ({ message }) => {
          const value = { channelId, seq: message?.seq ?? 0n };
          this.#send({ requestId, message: { case: "chatSent", value } });
        },
        (err: unknown) => this.#refuse(requestId, err),
      );
  }

  /** The connection is gone. */
  stop(): void {
    this.#parts.stream.unsubscribe(this);
  }

  chatFrame(frame: Uint8Array): void {
    this.#sendFrame(frame);
  }

  chatControl(message: Control): void {
    this.#send(message);
  }

  #refuse(requestId: number, err: unknown): void {
    if (err instanceof AppError && CHAT_REFUSALS.has(err.code)) {
      const retryAfterMs = Number(err.details?.["retryAfterS"] ?? 0) * 1000;
      const more = { message: err.message, retryAfterMs };
      return this.#send(errorReply(requestId, err.code as RealtimeErrorCode, more));
    }
    if (err instanceof AppError && err.code === "overloaded") {
      const retryAfterMs = Number(err.details?.["retryAfterS"] ?? 0) * 1000;
      return this.#send(errorReply(requestId, "chat_unavailable", { retryAfterMs }));
    }
    if (err instanceof LimitReachedError) return this.#send(errorReply(requestId, "chat_unavailable"));
    this.#parts.log.error({ err, playerId: this.playerId }, "a chat message could not be posted");
    this.#send(errorReply(requestId, "chat_unavailable"));
  }
}
