// Rooms, and a channel as moderators see it: its latest messages, and what is done about them.
import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { client } from "../session/session.ts";
import { dateText } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Failure, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { deletionOf, muteOf, unmuteOf } from "./mutes.ts";
import { useOrders } from "./orders.tsx";
import { Who } from "./parts.tsx";
import { Rooms } from "./rooms.tsx";
import { may } from "./routes.ts";
import { words } from "./words.ts";

const PAGE = 50;

/** `id`: a channel. */
export function ChatPage({ id }: { readonly id: string | undefined }) {
  const { chat: say, sections } = words.value;
  return (
    <Page title={sections.chat} intro={say.intro}>
      <Find />
      {id === undefined ? (
        may("findRooms") && <Rooms />
      ) : (
        <>
          <p>
            <a href="/console/chat">{say.allRooms}</a>
          </p>
          <Messages channelId={id} />
        </>
      )}
    </Page>
  );
}

function Find() {
  const { chat: say, players } = words.value;
  const { route } = useLocation();
  const [wanted, act] = [useSignal(""), useAction()];
  const open = (channelId: string): void => route(`/console/chat/${channelId}`);
  const find = (event: Event): void => {
    event.preventDefault();
    const id = wanted.value.trim();
    act.run(async () => open(await channelOf(id)));
  };
  const openGlobal = async (): Promise<void> => {
    const global = (await client.chat.channels()).find(({ kind }) => kind === "global");
    if (global) open(global.channelId);
  };
  return (
    <>
      <form class="row" onSubmit={find}>
        <div class="field">
          <label for="channel">{say.channel}</label>
          <input
            id="channel"
            type="text"
            required
            autocomplete="off"
            value={wanted.value}
            onInput={(event) => (wanted.value = event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="button primary" disabled={act.busy.value}>
          {players.find}
        </button>
        <button type="button" class="button" disabled={act.busy.value} onClick={() => act.run(openGlobal)}>
          {say.global}
        </button>
      </form>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
    </>
  );
}

/** What was given is a channel's id, or that of a match, which has a channel. @throws MusterError of the first of both */
async function channelOf(id: string): Promise<string> {
  try {
    await client.chat.history(id, { limit: 1 });
    return id;
  } catch (err) {
    const match = await client.chat.match(id).catch(() => undefined);
    if (!match) throw err;
    return match.channelId;
  }
}

function Messages({ channelId }: { readonly channelId: string }) {
  const { chat: say, reports, refresh } = words.value;
  const pages = usePages(
    async (cursor) => {
      const before = cursor === undefined ? {} : { before: Number(cursor) };
      const { messages, more } = await client.chat.history(channelId, { limit: PAGE, ...before });
      const latest = messages.toReversed();
      return { items: latest, nextCursor: more ? String(latest.at(-1)?.seq) : undefined };
    },
    [channelId],
  );
  const orders = useOrders(pages.reload);
  return (
    <section class="stack" aria-labelledby="messages" data-channel={channelId}>
      <div class="row">
        <h2 id="messages">{say.messages}</h2>
        <button type="button" class="button" disabled={pages.loading} onClick={pages.reload}>
          {refresh}
        </button>
      </div>
      {orders.view}
      <Listed pages={pages} empty={say.empty}>
        {(messages) => (
          <ul class="stack">
            {messages.map((one) => (
              <li key={one.seq} class="card stack-s" data-message={one.seq}>
                <p>
                  <Who id={one.authorId} /> <span class="soft">{dateText(one.sentAt)}</span>
                </p>
                <p class="wrap">{one.deleted ? <span class="soft">{say.gone}</span> : <bdi>{one.body}</bdi>}</p>
                <div class="row">
                  {!one.deleted && (
                    <button
                      type="button"
                      class="button danger"
                      onClick={() => orders.give(deletionOf(channelId, one.seq))}
                    >
                      {reports.deleteMessage}
                    </button>
                  )}
                  <button
                    type="button"
                    class="button"
                    onClick={() => orders.give(muteOf(channelId, one.authorId, one.authorName))}
                  >
                    {reports.mute}
                  </button>
                  <button
                    type="button"
                    class="button"
                    onClick={() => orders.give(unmuteOf(channelId, one.authorId, one.authorName))}
                  >
                    {say.unmute}
                  </button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Listed>
    </section>
  );
}
