// The gateway's chat stream, against a chat-service that says over real gRPC what the test wants.
import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ChatService, type DeliverRequest, type DeliverResponseSchema } from "@muster/contracts/chat/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { decodeServerControl } from "@muster/realtime";
import { createRpcClient, createRpcServer, MessageQueue, serveSession } from "@muster/rpc";
import { createMetrics } from "@muster/runtime";
import { until } from "@muster/testkit";
import { afterEach, expect, it } from "vitest";
import { type ChatListener, type ChatStream, createChatStream } from "./chat-stream.ts";

type ToGateway = MessageInitShape<typeof DeliverResponseSchema>;
type Attached = Readonly<Record<string, bigint>>;

interface Stream {
  readonly out: MessageQueue<ToGateway>;
  /** By player: the cursor of the one channel with which the player was attached. */
  readonly attached: Map<string, bigint | undefined>;
  /** Of the attachings, in their order. */
  readonly numbers: number[];
}

const CHANNEL = randomUUID();
const [ANN, BOB] = [randomUUID(), randomUUID()];
const log = createLogger("test", "silent");

const closing: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** The streams of the gateway, the newest last. */
async function startChat(): Promise<{ chat: ChatStream; streams: Stream[] }> {
  const streams: Stream[] = [];
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log,
    metrics: createMetrics("test"),
    routes: (router) =>
      router.service(ChatService, {
        deliver: (requests) =>
          serveSession<DeliverRequest, ToGateway>(requests, () => {
            const stream: Stream = { out: new MessageQueue<ToGateway>(1000), attached: new Map(), numbers: [] };
            streams.push(stream);
            return {
              out: stream.out,
              onMessage({ case: kind, value }) {
                if (kind !== "attach") return;
                stream.attached.set(value.playerId, value.cursors[0]?.change);
                stream.numbers.push(value.attachNumber);
              },
              onEnd: () => undefined,
            };
          }),
      }),
  });
  await server.start?.();
  closing.push(() => server.stop?.());
  const client = createRpcClient({ service: ChatService, baseUrl: server.url, dependency: anyMethods(1000) });
  closing.push(() => client.stop?.());
  const chat = createChatStream({ gatewayId: randomUUID(), services: [client.call], log });
  await chat.start?.();
  closing.push(() => chat.stop?.());
  return { chat, streams };
}

/** A player's connection: the changes that it was sent. */
function listener(
  playerId: string,
): ChatListener & { readonly changes: number[]; readonly answered: (number | undefined)[] } {
  const [changes, answered]: [number[], (number | undefined)[]] = [[], []];
  return {
    playerId,
    changes,
    answered,
    chatFrame(frame) {
      const { message } = decodeServerControl(frame);
      if (message.case === "chatChanged") changes.push(Number(message.value.change));
    },
    chatControl: ({ requestId }) => answered.push(requestId),
  };
}

/** As chat-service answers an attaching: the player's channel, then what comes after the player's cursor. Without a number: as an earlier release. */
function answer({ out }: Stream, playerId: string, after: number, attachNumber = 0): void {
  const channels = [{ channel: { channelId: CHANNEL }, fromChange: BigInt(after) }];
  out.push({ message: { case: "player", value: { playerId, channels, attachNumber } } });
}

function change({ out }: Stream, from: number, to: number): void {
  for (let change = from; change <= to; change++)
    out.push({
      message: { case: "changed", value: { channelId: CHANNEL, seq: BigInt(change), change: BigInt(change) } },
    });
}

const untilAttached = (streams: readonly Stream[], nth: number, cursors: Attached): Promise<void> =>
  until(() => {
    const attached = streams[nth]?.attached ?? new Map<string, bigint>();
    return Object.entries(cursors).every(([player, cursor]) => attached.get(player) === cursor) &&
      attached.size === Object.keys(cursors).length
      ? undefined
      : JSON.stringify([...attached.keys()]);
  });

it("after a break sends a player nothing newer, for a neighbour who is served first, before what the player still misses", async () => {
  const { chat, streams } = await startChat();
  const [ann, bob] = [listener(ANN), listener(BOB)];
  await until(() => (streams.length === 1 ? undefined : "no stream yet"));
  chat.subscribe(ann, 1, new Map([[CHANNEL, 4n]]));
  chat.subscribe(bob, 2, new Map([[CHANNEL, 10n]]));
  await untilAttached(streams, 0, { [ANN]: 4n, [BOB]: 10n });
  const before = streams[0] as Stream;
  answer(before, ANN, 4);
  answer(before, BOB, 10);
  change(before, 5, 5); // both answers have arrived when Ann has this
  await until(() => (ann.changes.length === 1 ? undefined : "nothing came"));

  before.out.close();
  await untilAttached(streams, 1, { [ANN]: 5n, [BOB]: 10n });
  const after = streams[1] as Stream;
  answer(after, BOB, 10);
  change(after, 11, 12);
  await until(() => (bob.changes.length === 2 ? undefined : `${bob.changes.join()}`));
  answer(after, ANN, 5);
  change(after, 6, 13);
  await until(() => (bob.changes.length === 3 ? undefined : `${bob.changes.join()}`));
  expect(bob.changes).toEqual([11, 12, 13]);
  expect(ann.changes).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13]);
});

it("takes no list of a player's connection before for the answer to the new one, which would miss what it leaves out", async () => {
  const { chat, streams } = await startChat();
  const [before, now] = [listener(ANN), listener(ANN)];
  await until(() => (streams.length === 1 ? undefined : "no stream yet"));
  const stream = streams[0] as Stream;
  chat.subscribe(before, 1, new Map([[CHANNEL, 10n]]));
  chat.subscribe(now, 2, new Map([[CHANNEL, 2n]]));
  await until(() => (stream.numbers.length === 2 ? undefined : "not attached"));
  const [late = 0, awaited = 0] = stream.numbers;
  answer(stream, ANN, 10, late); // was on its way
  change(stream, 11, 11);
  answer(stream, ANN, 2, awaited);
  change(stream, 3, 11);
  await until(() => (now.changes.at(-1) === 11 ? undefined : `${now.changes.join()}`));
  expect(now.changes).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect([before.changes, before.answered, now.answered]).toEqual([[], [], [2]]);

  chat.unsubscribe(before); // takes nothing from the new one
  answer(stream, ANN, 2, awaited); // her channels have changed: never back
  change(stream, 12, 12);
  await until(() => (now.changes.at(-1) === 12 ? undefined : "nothing came"));
  expect([now.changes.length, now.answered]).toEqual([10, [2, 0]]);
  chat.unsubscribe(now);
  const bob = listener(BOB);
  chat.subscribe(bob, 3, new Map([[CHANNEL, 12n]]));
  await untilAttached(streams, 0, { [ANN]: 2n, [BOB]: 12n });
  answer(stream, BOB, 12, stream.numbers.at(-1));
  change(stream, 13, 13);
  await until(() => (bob.changes.length === 1 ? undefined : "nothing came"));
  expect(now.changes.length).toBe(10);
});

it("answers every subscription of a connection, also those before which an earlier one was not answered yet", async () => {
  const { chat, streams } = await startChat();
  const ann = listener(ANN);
  await until(() => (streams.length === 1 ? undefined : "no stream yet"));
  const stream = streams[0] as Stream;
  for (const requestId of [7, 8, 9]) chat.subscribe(ann, requestId, new Map());
  await until(() => (stream.numbers.length === 3 ? undefined : "not attached"));
  for (const attachNumber of stream.numbers) answer(stream, ANN, 0, attachNumber);
  await until(() => (ann.answered.length >= 3 ? undefined : `${ann.answered.join()}`));
  answer(stream, ANN, 0); // her channels have changed
  await until(() => (ann.answered.length >= 4 ? undefined : `${ann.answered.join()}`));
  expect(ann.answered).toEqual([7, 8, 9, 0]);
});
