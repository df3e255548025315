// Of a client: chat.
import type { Check } from "../checks.ts";
import { holds, same } from "../expect.ts";
import type { Connection } from "./connection.ts";
import type { Scene } from "./scene.ts";

const [GLOBAL, ROOM] = ["01a20ab2-2d4a-7326-a77a-000000000001", "01a20ab2-2d4a-7326-a77a-000000000002"] as const;
const AUTHOR = "01a20ab2-2d4a-7326-a77a-000000000003";

export const CHAT_CHECKS: readonly Check<Scene>[] = [
  {
    name: "tells each change once, in order, and subscribes again where it was",
    rows: ["chat/chatsubscribe", "chat/after-that-every", "chat/after-a-lost-connection", "chat/messages-of-players"],
    async run(scene) {
      const before = await scene.connected();
      const subscribing = scene.driver.do("subscribe");
      const first = await before.asked("chatSubscribe");
      same(first.value.cursors.length, 0, "cursors of the first subscription");
      tellChannels(before, first.requestId);
      same((await subscribing)["channels"], [GLOBAL, ROOM], "the channels");
      for (const [change, body, deleted] of [
        [11n, "a", false],
        [12n, "b", false],
        [11n, "again", false],
        [13n, "", true],
      ] as const)
        before.tell({
          case: "chatChanged",
          value: { channelId: GLOBAL, seq: change - 10n, change, authorId: AUTHOR, authorName: "A", body, deleted },
        });
      const told = [
        await scene.driver.event("chat"),
        await scene.driver.event("chat"),
        await scene.driver.event("chat"),
      ];
      same(
        told.map((one) => [one["channelId"], one["seq"], one["body"], one["deleted"]]),
        [
          [GLOBAL, 1, "a", false],
          [GLOBAL, 2, "b", false],
          [GLOBAL, 3, "", true],
        ],
        "what is told of chat",
      );
      before.cut();
      const after = await scene.back();
      const { requestId, value } = await after.asked("chatSubscribe");
      const cursors = Object.fromEntries(value.cursors.map(({ channelId, change }) => [channelId, Number(change)]));
      same([cursors[GLOBAL], cursors[ROOM]], [13, 70], "the cursors after a lost connection");
      tellChannels(after, requestId);
      await scene.staysOn(after, "after it subscribed again");
    },
  },
  {
    name: "sends a message with its key, and repeats it with the same one",
    rows: ["chat/chatsend", "chat/in-every-state"],
    async run(scene) {
      const connection = await scene.connected();
      const message = { channelId: ROOM, body: "é 漢 🙂", key: "one-key" };
      for (let i = 0; i < 2; i++) {
        const saying = scene.driver.do("say", message);
        const { requestId, value } = await connection.asked("chatSend");
        same([value.channelId, value.body, value.key], [ROOM, message.body, message.key], "ChatSend");
        holds(requestId !== 0, "ChatSend has no request id");
        connection.tell({ case: "chatSent", value: { channelId: ROOM, seq: 5n } }, requestId);
        same((await saying)["seq"], 5, "the message's number");
      }
    },
  },
];

function tellChannels(connection: Connection, requestId: number): void {
  const channel = (channelId: string, kind: string, fromChange: bigint): object => ({
    channelId,
    kind,
    name: kind,
    lastSeq: 1n,
    fromChange,
  });
  const channels = [channel(GLOBAL, "global", 10n), channel(ROOM, "room", 70n)];
  connection.tell({ case: "chatChannels", value: { channels: channels as never } }, requestId);
}
