// The gateway's side of the chat stream. It names its players to chat-service and receives every change of their channels.
// Each player's cursor records what the player has received. When the stream breaks, the next one continues from the cursors,
// so nothing is missed or repeated, whichever instance answers.
import type { Client } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ChatMessage,
  ChatService,
  DeliverRequestSchema,
  DeliverResponse,
  PlayerChannels,
} from "@muster/contracts/chat/v2";
import { must } from "@muster/errors";
import type { Logger } from "@muster/log";
import { encodeServerControl } from "@muster/realtime";
import { openSession } from "@muster/rpc";
import type { Component } from "@muster/runtime";
import { chatChanged, chatChannels } from "./chat-replies.ts";
import type { Control } from "../connection/outbound.ts";

/** A connection that wants chat. */
export interface ChatListener {
  readonly playerId: string;
  /** A whole frame, the same for everyone. */
  chatFrame(frame: Uint8Array): void;
  chatControl(message: Control): void;
}

export interface ChatStream extends Component {
  /** False while chat-service cannot be reached. */
  readonly connected: boolean;
  /** The answer comes as chat_channels with `requestId`. */
  subscribe(listener: ChatListener, requestId: number, cursors: ReadonlyMap<string, bigint>): void;
  unsubscribe(listener: ChatListener): void;
}

interface Subscription {
  readonly listener: ChatListener;
  /** Of its last attaching. A list of an earlier one, of this player's connection before or of the stream before, is of other cursors. */
  attachNumber: number;
  /** To answer with the next list of channels: all that asked since the last one, as often as a connection may ask. */
  requestIds: readonly number[];
  /** By channel: changes up to this one are not for this player. */
  cursors: Map<string, bigint>;
  blocked: ReadonlySet<string>;
}

type ToService = MessageInitShape<typeof DeliverRequestSchema>;

/** A chat-service that does not read: the stream is closed and opened again. */
const QUEUE_MAX = 50_000;
/** The numbers of attachings begin anew after this one: a uint32. */
const ATTACHINGS_MAX = 0xffff_ffff;

export function createChatStream(options: {
  gatewayId: string;
  services: Client<typeof ChatService>[];
  log: Logger;
}): ChatStream {
  const { gatewayId, services, log } = options;
  const byPlayer = new Map<string, Subscription>();
  const byChannel = new Map<string, Set<Subscription>>();
  let turn = 0;
  let attachings = 0;

  const attach = (subscription: Subscription): void => {
    const { listener, cursors } = subscription;
    attachings = (attachings % ATTACHINGS_MAX) + 1;
    subscription.attachNumber = attachings;
    const value = {
      playerId: listener.playerId,
      cursors: [...cursors].map(([channelId, change]) => ({ channelId, change })),
      attachNumber: attachings,
    };
    session.send({ message: { case: "attach", value } });
  };

  const leave = (subscription: Subscription, channelId: string): void => {
    const members = byChannel.get(channelId);
    members?.delete(subscription);
    if (members?.size === 0) byChannel.delete(channelId);
  };

  const onPlayer = ({ playerId, channels, blockedIds, attachNumber }: PlayerChannels): void => {
    const subscription = byPlayer.get(playerId);
    if (!subscription) return; // it left while the answer was on its way
    if (attachNumber !== 0 && attachNumber !== subscription.attachNumber) return; // its own answer is still to come
    const { requestIds, cursors } = subscription;
    subscription.requestIds = [];
    subscription.blocked = new Set(blockedIds);
    const next = new Map<string, bigint>();
    for (const { channel, fromChange } of channels) {
      if (!channel) continue;
      const had = cursors.get(channel.channelId);
      // Never back: what this player has had is not sent again.
      next.set(channel.channelId, had !== undefined && had > fromChange ? had : fromChange);
      let members = byChannel.get(channel.channelId);
      if (!members) byChannel.set(channel.channelId, (members = new Set()));
      members.add(subscription);
    }
    for (const channelId of cursors.keys()) if (!next.has(channelId)) leave(subscription, channelId);
    subscription.cursors = next;
    for (const requestId of requestIds.length > 0 ? requestIds : [0])
      subscription.listener.chatControl(chatChannels(requestId, channels));
  };

  const onChanged = (message: ChatMessage): void => {
    let frame: Uint8Array | undefined;
    for (const subscription of byChannel.get(message.channelId) ?? []) {
      const cursor = subscription.cursors.get(message.channelId);
      if (cursor === undefined || message.change <= cursor) continue;
      subscription.cursors.set(message.channelId, message.change);
      if (subscription.blocked.has(message.authorId)) continue;
      frame ??= encodeServerControl(chatChanged(message));
      subscription.listener.chatFrame(frame);
    }
  };

  const session = openSession<ToService, DeliverResponse>({
    name: "session with chat-service",
    log,
    open: (messages, { signal }) =>
      must(services[turn++ % services.length], "there is one").deliver(messages, { signal }),
    queueMax: QUEUE_MAX,
    hello: () => ({ message: { case: "hello", value: { gatewayId } } }),
    onOpen() {
      // Nobody is served until the answer to their own attaching: what another player of a channel receives first may be later
      // than what this one still misses.
      byChannel.clear();
      for (const subscription of byPlayer.values()) attach(subscription);
      return undefined;
    },
    onMessage({ message }) {
      if (message.case === "player") onPlayer(message.value);
      else if (message.case === "changed") onChanged(message.value);
    },
  });

  return {
    name: "chat",
    get connected() {
      return session.isOpen;
    },
    subscribe(listener, requestId, cursors) {
      const before = byPlayer.get(listener.playerId);
      if (before) for (const channelId of before.cursors.keys()) leave(before, channelId);
      const earlier = before?.listener === listener ? before.requestIds : [];
      const subscription: Subscription = {
        listener,
        attachNumber: 0,
        requestIds: requestId === 0 ? earlier : [...earlier, requestId],
        cursors: new Map(cursors),
        blocked: new Set(),
      };
      byPlayer.set(listener.playerId, subscription);
      attach(subscription);
    },
    unsubscribe(listener) {
      const subscription = byPlayer.get(listener.playerId);
      if (subscription?.listener !== listener) return; // a newer connection of the player has it
      byPlayer.delete(listener.playerId);
      for (const channelId of subscription.cursors.keys()) leave(subscription, channelId);
      session.send({ message: { case: "detach", value: { playerId: listener.playerId } } });
    },
    start: session.start,
    stop: session.stop,
  };
}
