import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { Actor as ActorMessage, ChatService, DeliverRequest } from "@muster/contracts/chat/v2";
import { serveSession } from "@muster/rpc";
import type { CallLimits } from "./call-limits.ts";
import type { ToGateway } from "./delivery/gateway-stream.ts";
import { channelRpcs } from "./rpc/channels.ts";
import { invitationRpcs } from "./rpc/invitations.ts";
import { messageRpcs } from "./rpc/messages.ts";
import { moderationRpcs } from "./rpc/moderation.ts";
import { moderatorRpcs } from "./rpc/moderators.ts";
import { actorOf, type RpcParts } from "./rpc/parts.ts";

export function chatRpc(parts: RpcParts): ServiceImpl<typeof ChatService> {
  const calls = {
    ...channelRpcs(parts),
    ...invitationRpcs(parts),
    ...messageRpcs(parts),
    ...moderationRpcs(parts),
    ...moderatorRpcs(parts),
  };
  return {
    ...limited(calls, parts.callLimits),

    deliver: (requests) =>
      serveSession<DeliverRequest, ToGateway>(requests, ({ gatewayId }) => {
        const stream = parts.delivery.open(gatewayId);
        return {
          out: stream.out,
          onMessage(message) {
            if (message.case === "attach") stream.attach(message.value);
            else stream.detach(message.value.playerId);
          },
          onEnd: () => parts.delivery.close(stream),
        };
      }),
  };
}

type Calls = Omit<ServiceImpl<typeof ChatService>, "deliver">;
type AnyCall = (request: { readonly actor?: ActorMessage }, context: HandlerContext) => unknown;

/** Applies to every call, whatever it does: each uses a database connection. */
function limited(calls: Calls, limits: CallLimits): Calls {
  const entries = Object.entries(calls as unknown as Record<string, AnyCall>).map(([name, call]) => {
    const inTurn: AnyCall = (request, context) =>
      limits.run(actorOf(request).playerId, () => call(request, context), context.signal);
    return [name, inTurn] as const;
  });
  return Object.fromEntries(entries) as unknown as Calls;
}
