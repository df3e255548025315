// One channel: its messages, and a line to write. Also beside a match.
import type { Message } from "@muster/client";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Report } from "../reports/report.tsx";
import { client, player } from "../session/session.ts";
import { dateText, text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Confirm, Empty, Failure, Loading } from "../ui/index.tsx";
import { detach } from "../detach.ts";
import { chatLost, markRead, onMessage, openChannel, opened, readOlder } from "./chat.ts";

export function Conversation({ channelId, name }: { readonly channelId: string; readonly name: string }) {
  const { chat: say } = text.value;
  const [read, change] = [useAction(), useAction()];
  const [editing, deleting] = [useSignal<Message | undefined>(undefined), useSignal<Message | undefined>(undefined)];
  const here = opened.value.get(channelId);
  const last = here?.messages.at(-1)?.seq;
  const log = useRef<HTMLDivElement>(null);
  // Also after a long absence, when what was here has been dropped, perhaps while older messages were being read.
  const missing = !here && !read.busy.value && read.error.value === undefined;
  useEffect(() => {
    if (missing) read.run(() => openChannel(channelId));
  }, [channelId, missing]);
  useEffect(() => log.current?.scrollTo({ top: log.current.scrollHeight }), [channelId, last]);
  useEffect(() => {
    if (last !== undefined) detach(markRead(channelId).catch(() => undefined)); // the next message marks it
  }, [channelId, last]);
  const remove = (message: Message): void => {
    deleting.value = undefined;
    change.run(async () => {
      await client.chat.delete(channelId, message.seq);
      onMessage({ ...message, body: "", deleted: true });
    });
  };
  return (
    <section class="stack" aria-label={name}>
      {chatLost.value && (
        <p class="notice warning" role="status">
          {say.lost}
        </p>
      )}
      {read.error.value !== undefined && (
        <Failure error={read.error.value} retry={() => read.run(() => openChannel(channelId))} />
      )}
      {!here && read.error.value === undefined && <Loading />}
      {here?.older && (
        <button
          type="button"
          class="button"
          disabled={read.busy.value}
          onClick={() => read.run(() => readOlder(channelId))}
        >
          {say.older}
        </button>
      )}
      {here?.messages.length === 0 && <Empty>{say.empty}</Empty>}
      <div ref={log} class="messages" role="log" aria-label={say.messages(name)} tabIndex={0}>
        {here?.messages.map((message) => (
          <Line
            key={message.seq}
            message={message}
            onEdit={() => (editing.value = message)}
            onDelete={() => (deleting.value = message)}
          />
        ))}
      </div>
      {change.error.value !== undefined && <Failure error={change.error.value} />}
      <Composer
        key={editing.value?.seq ?? "new"}
        channelId={channelId}
        editing={editing.value}
        onDone={() => (editing.value = undefined)}
      />
      {deleting.value && (
        <Confirm
          question={say.removeAsk}
          yes={say.remove}
          no={say.cancel}
          onNo={() => (deleting.value = undefined)}
          onYes={() => deleting.value && remove(deleting.value)}
        />
      )}
    </section>
  );
}

interface LineProps {
  readonly message: Message;
  readonly onEdit: () => void;
  readonly onDelete: () => void;
}

function Line({ message, onEdit, onDelete }: LineProps) {
  const { chat: say } = text.value;
  const own = message.authorId === player.value?.playerId;
  return (
    <article class="stack-s" data-seq={message.seq}>
      <p class="row soft">
        <a href={own ? "/profile" : `/chat/direct/${message.authorId}`}>{message.authorName}</a>
        <time dateTime={message.sentAt.toISOString()}>{dateText(message.sentAt)}</time>
        {message.edited && !message.deleted && <span>{say.edited}</span>}
      </p>
      {message.deleted ? <p class="soft">{say.deleted}</p> : <p class="message">{message.body}</p>}
      {!own && !message.deleted && (
        <p class="row">
          <Report of={{ message }} />
        </p>
      )}
      {own && !message.deleted && (
        <p class="row">
          <button type="button" class="quiet" onClick={onEdit}>
            {say.edit}
          </button>
          <button type="button" class="quiet" onClick={onDelete}>
            {say.remove}
          </button>
        </p>
      )}
    </article>
  );
}

interface ComposerProps {
  readonly channelId: string;
  readonly editing: Message | undefined;
  readonly onDone: () => void;
}

function Composer({ channelId, editing, onDone }: ComposerProps) {
  const { chat: say } = text.value;
  const [body, key, act] = [useSignal(editing?.body ?? ""), useSignal(crypto.randomUUID()), useAction()];
  const send = (event: Event): void => {
    event.preventDefault();
    act.run(async () => {
      if (editing) onMessage(await client.chat.edit(channelId, editing.seq, body.value));
      else onMessage(await client.chat.post(channelId, body.value, key.value));
      body.value = "";
      key.value = crypto.randomUUID(); // a failed message keeps its key until its text changes: sent again, it is there once
      onDone();
    });
  };
  return (
    <form class="stack-s" onSubmit={send}>
      <div class="field">
        <label for="message">{editing ? say.editing : say.write}</label>
        <input
          id="message"
          type="text"
          value={body.value}
          autocomplete="off"
          onInput={(event) => {
            body.value = event.currentTarget.value;
            key.value = crypto.randomUUID();
          }}
        />
      </div>
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      <div class="row">
        <button type="submit" class="button primary" disabled={act.busy.value || body.value.trim() === ""}>
          {act.busy.value ? say.sending : editing ? say.save : say.send}
        </button>
        {editing && (
          <button type="button" class="button" onClick={onDone}>
            {say.cancel}
          </button>
        )}
      </div>
    </form>
  );
}
