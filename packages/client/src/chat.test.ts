import { create } from "@bufbuild/protobuf";
import { type ChatChannel, ChatChangedSchema, ChatChannelSchema } from "@muster/contracts/realtime/v1/client";
import { expect, it } from "vitest";
import { ChatInbox } from "./chat.ts";

/** As the contract of ChatSubscribe says. */
const CURSORS_MAX = 150;

it("names no more cursors than are taken at once: of the channels that had something last", () => {
  const inbox = new ChatInbox();
  const ids = Array.from({ length: 500 }, (_, i) => `channel ${i}`);
  // As they are listed: what was active last comes first.
  const channels: ChatChannel[] = ids.map((channelId) => create(ChatChannelSchema, { channelId, fromChange: 7n }));
  inbox.channels(channels);
  expect(inbox.cursors.map(({ channelId }) => channelId).toSorted()).toEqual(ids.slice(0, CURSORS_MAX).toSorted());
  inbox.changed(create(ChatChangedSchema, { channelId: "channel 499", change: 8n, seq: 8n }));
  const cursors = new Map(inbox.cursors.map(({ channelId, change }) => [channelId, change]));
  expect(cursors.size).toBe(CURSORS_MAX);
  expect(cursors.get("channel 499")).toBe(8n);
  expect(cursors.get("channel 0")).toBe(7n);
});
