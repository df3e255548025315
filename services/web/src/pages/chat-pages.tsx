// The channels, and one of them.
import { type Channel, MusterError } from "@muster/client";
import { useSignal } from "@preact/signals";
import { useLocation, useRoute } from "preact-iso";
import { useEffect } from "preact/hooks";
import { BlockButton } from "../chat/blocks.tsx";
import { channels, chatEnded, invitations, readLists, startChat } from "../chat/chat.ts";
import { Conversation } from "../chat/conversation.tsx";
import { Unread } from "../chat/unread.tsx";
import { client, player } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Confirm, Empty, Failure, Field, Loading, Page } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";

export function ChatPage() {
  return (
    <Page title={text.value.chat.title}>
      <SignedIn>
        <Chat key={player.value?.playerId} />
      </SignedIn>
    </Page>
  );
}

/** Opens the direct channel with a player. */
export function DirectPage() {
  return (
    <Page title={text.value.chat.title}>
      <SignedIn>
        <Direct playerId={useRoute().params["playerId"] ?? ""} />
      </SignedIn>
    </Page>
  );
}

function Direct({ playerId }: { readonly playerId: string }) {
  const { route } = useLocation();
  const channel = useLoaded(() => client.chat.direct(playerId), [playerId]);
  useEffect(() => {
    if (channel.value) route(`/chat/${channel.value.channelId}`, true);
  }, [channel.value]);
  return channel.error === undefined ? <Loading /> : <Failure error={channel.error} retry={channel.retry} />;
}

function nameOf({ kind, name }: Channel): string {
  const { chat: say } = text.value;
  if (kind === "global") return say.global;
  return kind === "match" ? name || say.match : name;
}

function Chat() {
  const { chat: say } = text.value;
  const id = useRoute().params["channelId"];
  const started = useLoaded(startChat, [id]);
  const shown = channels.value?.find(({ channelId }) => channelId === id);
  return (
    <>
      {(started.error ?? chatEnded.value) !== undefined && (
        <Failure error={started.error ?? chatEnded.value} retry={started.retry} />
      )}
      {!channels.value && started.error === undefined && <Loading />}
      <nav class="tabs" aria-label={say.channels}>
        {channels.value?.map((channel) => (
          <a
            key={channel.channelId}
            class="button"
            href={`/chat/${channel.channelId}`}
            aria-current={channel.channelId === id ? "page" : undefined}
          >
            {nameOf(channel)}
            <Unread count={channel.unread} />
          </a>
        ))}
      </nav>
      {id === undefined ? (
        <>
          <p class="soft">{say.choose}</p>
          <Rooms />
          <Invitations />
        </>
      ) : (
        <>
          <h2>{shown ? nameOf(shown) : say.title}</h2>
          <Conversation key={id} channelId={id} name={shown ? nameOf(shown) : say.title} />
          {shown?.kind === "direct" && shown.subjectId !== undefined && (
            <div class="row">
              <BlockButton playerId={shown.subjectId} name={nameOf(shown)} />
            </div>
          )}
          {shown?.kind === "room" && <Invite key={`invite ${id}`} channelId={id} />}
          {shown?.kind === "room" && <Leave channelId={id} />}
        </>
      )}
    </>
  );
}

function Rooms() {
  const { chat: say } = text.value;
  const { route } = useLocation();
  const [name, closed, act] = [useSignal(""), useSignal(false), useAction()];
  const enter = (open: () => Promise<Channel>): void => act.run(async () => route(`/chat/${(await open()).channelId}`));
  return (
    <form
      class="card stack text"
      onSubmit={(event) => {
        event.preventDefault();
        enter(() => client.chat.joinRoom(name.value));
      }}
    >
      <div class="field">
        <label for="room">{say.room}</label>
        <input
          id="room"
          type="text"
          required
          minLength={3}
          maxLength={32}
          aria-describedby="room-hint"
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
        />
        <p id="room-hint" class="hint">
          {say.roomHint}
        </p>
      </div>
      <label class="row">
        <input
          type="checkbox"
          checked={closed.value}
          onChange={(event) => (closed.value = event.currentTarget.checked)}
        />
        {say.isPrivate}
      </label>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <div class="row">
        <button type="submit" class="button primary" disabled={act.busy.value}>
          {say.join}
        </button>
        <button
          type="button"
          class="button"
          disabled={act.busy.value}
          onClick={() => enter(() => client.chat.createRoom(name.value, { private: closed.value }))}
        >
          {say.create}
        </button>
      </div>
    </form>
  );
}

/** By name, as one player knows another. */
function Invite({ channelId }: { readonly channelId: string }) {
  const { chat: say } = text.value;
  const [name, done, act] = [useSignal(""), useSignal<string | undefined>(undefined), useAction()];
  const send = (event: Event): void => {
    event.preventDefault();
    done.value = undefined;
    act.run(async () => {
      const found = await client.findPlayer(name.value.trim());
      await client.chat.invite(channelId, found.playerId);
      [done.value, name.value] = [found.name, ""];
    });
  };
  const error = act.error.value;
  return (
    <form class="card stack-s text" onSubmit={send}>
      <Field
        id="invite"
        label={say.invite}
        hint={say.inviteHint}
        autocomplete="off"
        value={name.value}
        onInput={(value) => (name.value = value)}
      />
      {error instanceof MusterError && error.code === "not_allowed" ? (
        <p class="notice error" role="alert">
          {say.inviteNotAllowed}
        </p>
      ) : (
        error !== undefined && <Failure error={error} />
      )}
      <p role="status">{done.value !== undefined && say.invitedNow(done.value)}</p>
      <div class="row">
        <button type="submit" class="button" disabled={act.busy.value || name.value.trim() === ""}>
          {say.inviteSend}
        </button>
      </div>
    </form>
  );
}

function Invitations() {
  const { chat: say } = text.value;
  const { route } = useLocation();
  const [list, act] = [useLoaded(readLists, []), useAction()];
  const accept = (channelId: string): void =>
    act.run(async () => {
      await client.chat.acceptInvitation(channelId);
      await readLists();
      route(`/chat/${channelId}`);
    });
  const decline = (channelId: string): void =>
    act.run(async () => {
      await client.chat.declineInvitation(channelId);
      await readLists();
    });
  if (list.error !== undefined) return <Failure error={list.error} retry={list.retry} />;
  if (!invitations.value) return <Loading />;
  return (
    <section class="stack text" aria-labelledby="invitations">
      <h2 id="invitations">{say.invitations}</h2>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      {invitations.value.length === 0 && <Empty>{say.noInvitations}</Empty>}
      <ul class="stack-s">
        {invitations.value.map(({ channelId, inviterName, roomName }) => (
          <li key={channelId} class="card row spread">
            {say.invited(inviterName, roomName)}
            <span class="row">
              <button type="button" class="button primary" onClick={() => accept(channelId)}>
                {say.accept}
              </button>
              <button type="button" class="button" onClick={() => decline(channelId)}>
                {say.decline}
              </button>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Leave({ channelId }: { readonly channelId: string }) {
  const { chat: say } = text.value;
  const { route } = useLocation();
  const [asks, act] = [useSignal(false), useAction()];
  const leave = (): void => {
    asks.value = false;
    act.run(async () => {
      await client.chat.removeMember(channelId, player.value?.playerId ?? "");
      route("/chat");
    });
  };
  return (
    <>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <p>
        <button type="button" class="button danger" disabled={act.busy.value} onClick={() => (asks.value = true)}>
          {say.leave}
        </button>
      </p>
      {asks.value && (
        <Confirm
          question={say.leaveAsk}
          yes={say.leave}
          no={say.cancel}
          onNo={() => (asks.value = false)}
          onYes={leave}
        />
      )}
    </>
  );
}
