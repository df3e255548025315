// Players who write to each other all the time: each message that was accepted has to be there afterwards.
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { MusterClient } from "@muster/client";

export interface Chats {
  /** Messages that were accepted. */
  readonly accepted: number;
  /** Ends it. @returns the messages that were accepted and are not there */
  stop(): Promise<readonly string[]>;
}

const EVERY_MS = 1000;
const PAGE = 200;

interface Pair {
  readonly writer: MusterClient;
  readonly reader: MusterClient;
  readonly channelId: string;
  readonly accepted: string[];
}

export async function keepChats(edgeUrl: string, pairs: number): Promise<Chats> {
  const stop = new AbortController();
  const all = await Promise.all(Array.from({ length: pairs }, () => openPair(edgeUrl)));
  const loops = all.map(async ({ writer, channelId, accepted }) => {
    for (let nth = 1; !stop.signal.aborted; nth++) {
      const body = `message ${nth}`;
      const posted = await writer.chat.post(channelId, body).then(
        () => true,
        () => false, // it was not accepted, or nobody knows: it may be there or not
      );
      if (posted) accepted.push(body);
      await wait(EVERY_MS);
    }
  });
  return {
    get accepted() {
      return all.reduce((sum, { accepted }) => sum + accepted.length, 0);
    },
    async stop() {
      stop.abort();
      await Promise.all(loops);
      return (await Promise.all(all.map(missingOf))).flat();
    },
  };
}

async function openPair(edgeUrl: string): Promise<Pair> {
  const [writer, reader] = [new MusterClient({ url: edgeUrl }), new MusterClient({ url: edgeUrl })];
  await writer.logInGuest(randomBytes(16).toString("hex"));
  const { playerId } = await reader.logInGuest(randomBytes(16).toString("hex"));
  const { channelId } = await writer.chat.direct(playerId);
  return { writer, reader, channelId, accepted: [] };
}

async function missingOf({ reader, channelId, accepted }: Pair): Promise<string[]> {
  const there = new Set<string>();
  for (let after = 0; ; ) {
    const { messages, more } = await reader.chat.history(channelId, { after, limit: PAGE });
    for (const { body, seq } of messages) {
      there.add(body);
      after = Math.max(after, seq);
    }
    if (!more) break;
  }
  return accepted.filter((body) => !there.has(body)).map((body) => `${body} in ${channelId}`);
}
