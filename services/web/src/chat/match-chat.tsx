// The channel of a match, beside its board and under its result. While a match is played it is closed until the player opens it: the keys are the game's.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { client } from "../session/session.ts";
import { text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Failure, Loading } from "../ui/index.tsx";
import { channels, startChat } from "./chat.ts";
import { Conversation } from "./conversation.tsx";
import { Unread } from "./unread.tsx";

/** Of which match it is open: it stays so when the match is over. */
const open = signal<string | undefined>(undefined);

export function isChatOpen(matchId: string): boolean {
  return open.value === matchId;
}

/** The button. */
export function MatchChatToggle({ matchId }: { readonly matchId: string }) {
  const { chat: say } = text.value;
  const shown = isChatOpen(matchId);
  const unread = channels.value?.find(({ subjectId }) => subjectId === matchId)?.unread ?? 0;
  return (
    <button
      type="button"
      class="button"
      aria-expanded={shown}
      onClick={() => (shown ? close() : (open.value = matchId))}
    >
      {say.title} {!shown && <Unread count={unread} />}
    </button>
  );
}

/** What the button opens. */
export function MatchChat({ matchId }: { readonly matchId: string }) {
  const { chat: say } = text.value;
  const channelId = useSignal<string | undefined>(undefined);
  const start = useAction();
  const panel = useRef<HTMLElement>(null);
  const shown = isChatOpen(matchId);
  const enter = (): void =>
    start.run(async () => {
      await startChat();
      channelId.value = (await client.chat.match(matchId)).channelId;
    });
  useEffect(() => {
    if (shown && channelId.value === undefined) enter();
  }, [shown]);
  // Before the line is seen: until it has the keys, the button does, and the space bar would close what it has opened.
  useLayoutEffect(() => {
    // On a phone the line to write would bring up its keyboard, over the board.
    if (shown && channelId.value !== undefined && matchMedia("(pointer: fine)").matches)
      panel.current?.querySelector("input")?.focus();
  }, [shown, channelId.value]);
  if (!shown) return null;
  return (
    <aside
      ref={panel}
      class="match-chat"
      aria-label={say.matchTitle}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <div class="row spread">
        <h2>{say.matchTitle}</h2>
        <button type="button" class="quiet" onClick={close}>
          {say.close}
        </button>
      </div>
      {start.error.value !== undefined && <Failure error={start.error.value} retry={enter} />}
      {channelId.value === undefined && start.error.value === undefined && <Loading />}
      {channelId.value !== undefined && <Conversation channelId={channelId.value} name={say.matchTitle} />}
    </aside>
  );
}

function close(): void {
  open.value = undefined;
  keysToTheGame();
}

/** A button that was pressed would be pressed again by the space bar, which the game needs. */
export function keysToTheGame(): void {
  requestAnimationFrame(() => document.getElementById("main")?.focus());
}
