// The real service with a fresh database, next to match-service.
import { randomUUID } from "node:crypto";
import type { Client } from "@connectrpc/connect";
import { type Actor, ChatService, type DeliverRequestSchema, type DeliverResponse } from "@muster/contracts/chat/v2";
import { MatchService } from "@muster/contracts/match/v2";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AppError, type ErrorRow } from "@muster/errors";
import { createLogger } from "@muster/log";
import { createRpcServer, MessageQueue } from "@muster/rpc";
import { createMetrics } from "@muster/runtime";
import { type ServiceHarness, startService } from "@muster/testkit";
import type { Tables } from "../src/schema.ts";
import { service } from "../src/service.ts";

export interface Harness extends ServiceHarness<typeof ChatService, Tables> {
  /** By match id: who played. */
  readonly matches: Map<string, string[]>;
}

/** Invites and accepts: the player is in afterwards. */
export async function letIn(
  call: Client<typeof ChatService>,
  owner: Person,
  channelId: string,
  player: Person,
): Promise<void> {
  await call.addMember({ actor: owner, channelId, playerId: player.playerId, playerName: player.name });
  await call.acceptInvitation({ actor: player, channelId });
}

export type Person = Pick<Actor, "playerId" | "name" | "moderator">;

export function person(name = "someone", moderator = false): Person {
  return { playerId: randomUUID(), name, moderator };
}

const NO_MATCH: ErrorRow = { grpc: "not_found", retryable: false, message: "There is no such match." };

export const AUDIT_KEY = "c0".repeat(32);

export async function startHarness(env: Record<string, string> = {}): Promise<Harness> {
  const matches = new Map<string, string[]>();
  // Another service, over real gRPC, in its place: what chat asks of it is one call.
  const matchServer = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: createLogger("match-service", "silent"),
    metrics: createMetrics("match-service"),
    routes: (router) =>
      router.service(MatchService, {
        getMatch: ({ matchId }) => {
          const players = matches.get(matchId);
          if (!players) throw new AppError("match_not_found", NO_MATCH);
          return { match: { participants: players.map((playerId) => ({ playerId, playerName: "p" })) } };
        },
      }),
  });
  await matchServer.start?.();
  const harness = await startService(service, ChatService, {
    env: {
      CHAT_MATCH_URL: matchServer.url,
      CHAT_AUDIT_KEY: AUDIT_KEY,
      CHAT_MESSAGES_PER_MIN: "60000",
      CHAT_MESSAGE_BURST: "1000",
      CHAT_CALLS_PER_S: "10000",
      CHAT_CALL_BURST: "10000",
      CHAT_CHANGES_PER_MIN: "600000",
      CHAT_CHANGE_BURST: "10000",
      ...env,
    },
  });
  return {
    ...harness,
    matches,
    async [Symbol.asyncDispose]() {
      await harness[Symbol.asyncDispose]();
      await matchServer.stop?.();
    },
  };
}

/** A gateway's stream: what it says and what it hears. */
export class TestStream {
  readonly heard: DeliverResponse["message"][] = [];
  readonly #queue = new MessageQueue<MessageInitShape<typeof DeliverRequestSchema>>(10_000);
  readonly #ended: Promise<void>;

  constructor(call: Client<typeof ChatService>) {
    this.#queue.push({ message: { case: "hello", value: { gatewayId: randomUUID() } } });
    this.#ended = this.#listen(call);
  }

  attach(playerId: string, cursors: Readonly<Record<string, bigint>> = {}, attachNumber = 0): void {
    const list = Object.entries(cursors).map(([channelId, change]) => ({ channelId, change }));
    this.#queue.push({ message: { case: "attach", value: { playerId, cursors: list, attachNumber } } });
  }

  detach(playerId: string): void {
    this.#queue.push({ message: { case: "detach", value: { playerId } } });
  }

  /** Texts of one channel, in the order of delivery. */
  bodies(channelId: string): string[] {
    return this.heard.flatMap((message) =>
      message.case === "changed" && message.value.channelId === channelId ? [message.value.body] : [],
    );
  }

  /** What was heard of a player's channels, newest last. */
  lists(playerId: string): Extract<DeliverResponse["message"], { case: "player" }>["value"][] {
    return this.heard.flatMap((message) =>
      message.case === "player" && message.value.playerId === playerId ? [message.value] : [],
    );
  }

  async close(): Promise<void> {
    this.#queue.close();
    await this.#ended;
  }

  async #listen(call: Client<typeof ChatService>): Promise<void> {
    try {
      for await (const { message } of call.deliver(this.#queue)) this.heard.push(message);
    } catch {
      // the instance was stopped: a test that cares looks at what was heard
    }
  }
}
