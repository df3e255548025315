import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import type { Actor as ActorMessage, ChatService, DeliverRequest } from "@muster/contracts/chat/v2";
import type { CallLimits } from "./call-limits.ts";
import type { GatewayStream, ToGateway } from "./delivery/gateway-stream.ts";
import { channelRpcs } from "./rpc/channels.ts";
import { invitationRpcs } from "./rpc/invitations.ts";
import { messageRpcs } from "./rpc/messages.ts";
import { moderationRpcs } from "./rpc/moderation.ts";
import { actorOf, type RpcParts } from "./rpc/parts.ts";

export function chatRpc(parts: RpcParts): ServiceImpl<typeof ChatService> {
  const calls = { ...channelRpcs(parts), ...invitationRpcs(parts), ...messageRpcs(parts), ...moderationRpcs(parts) };
  return {
    ...limited(calls, parts.callLimits),

    async *deliver(requests): AsyncGenerator<ToGateway> {
      const incoming = requests[Symbol.asyncIterator]();
      const hello = (await incoming.next()).value as DeliverRequest | undefined;
      if (hello?.message.case !== "hello") throw new ConnectError("the first message is hello", Code.InvalidArgument);
      const stream = parts.delivery.open(hello.message.value.gatewayId);
      readUntilOver(incoming, stream);
      try {
        yield* stream.out;
      } finally {
        parts.delivery.close(stream);
      }
    },
  };
}

type Calls = Omit<ServiceImpl<typeof ChatService>, "deliver">;
type AnyCall = (request: { readonly actor?: ActorMessage }, context: HandlerContext) => unknown;

/** All of them, whatever they do: each costs a place at the database. */
function limited(calls: Calls, limits: CallLimits): Calls {
  const entries = Object.entries(calls as unknown as Record<string, AnyCall>).map(([name, call]) => {
    const inTurn: AnyCall = (request, context) =>
      limits.run(actorOf(request).playerId, () => call(request, context), context.signal);
    return [name, inTurn] as const;
  });
  return Object.fromEntries(entries) as unknown as Calls;
}

/** Reads on its own: a gateway that only listens is still served. The end of the input ends the output. */
function readUntilOver(incoming: AsyncIterator<DeliverRequest>, stream: GatewayStream): void {
  const read = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await incoming.next();
      if (done) return;
      const { message } = value;
      if (message.case === "attach") stream.attach(message.value.playerId, message.value.cursors);
      else if (message.case === "detach") stream.detach(message.value.playerId);
    }
  };
  read().then(
    () => stream.out.close(),
    () => stream.out.close(), // the connection broke; the gateway opens another one
  );
}
