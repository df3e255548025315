import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { ChatService, DeliverRequest } from "@muster/contracts/chat/v2";
import type { GatewayStream, ToGateway } from "./delivery/gateway-stream.ts";
import { channelRpcs } from "./rpc/channels.ts";
import { messageRpcs } from "./rpc/messages.ts";
import { moderationRpcs } from "./rpc/moderation.ts";
import type { RpcParts } from "./rpc/parts.ts";

export function chatRpc(parts: RpcParts): ServiceImpl<typeof ChatService> {
  return {
    ...channelRpcs(parts),
    ...messageRpcs(parts),
    ...moderationRpcs(parts),

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
