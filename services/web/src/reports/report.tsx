// Reports to the moderators: of a player, of what they did in a match, of a chat message.
import type { Message, MessageReport } from "@muster/client";
import { useSignal } from "@preact/signals";
import { BlockButton } from "../chat/blocks.tsx";
import { client, player } from "../session/session.ts";
import { text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Failure } from "../ui/index.tsx";

export type Reported =
  | { readonly playerId: string; readonly name: string; readonly matchId?: string | undefined }
  | { readonly message: Message };

type Category = MessageReport["category"];
const CATEGORIES: readonly Category[] = ["cheating", "harassment", "spam", "name", "other"];
const COMMENT_MAX = 500;

/** A button that asks for the reason. Nothing, for those who cannot report: themselves, and while nobody is signed in. */
export function Report({ of, look = "quiet" }: { readonly of: Reported; readonly look?: "quiet" | "button" }) {
  const { reports: say } = text.value;
  const [asks, sent] = [useSignal(false), useSignal(false)];
  const { playerId, name } = whoIn(of);
  if (!player.value || player.value.playerId === playerId) return null;
  return (
    <>
      <button
        type="button"
        class={look}
        aria-label={"message" in of ? say.reportMessage(name) : say.reportPlayer(name)}
        onClick={() => (asks.value = true)}
      >
        {sent.value ? say.sent : say.report}
      </button>
      {asks.value && <Asked of={of} onSent={() => (sent.value = true)} onClose={() => (asks.value = false)} />}
    </>
  );
}

interface AskedProps {
  readonly of: Reported;
  readonly onSent: () => void;
  readonly onClose: () => void;
}

function Asked({ of, onSent, onClose }: AskedProps) {
  const { reports: say } = text.value;
  const [category, comment] = [useSignal<Category | undefined>(undefined), useSignal("")];
  const [done, act] = [useSignal(false), useAction()];
  const { name } = whoIn(of);
  const title = "message" in of ? say.messageTitle(name) : say.playerTitle(name);
  const send = (event: Event): void => {
    event.preventDefault();
    const chosen = category.value;
    if (chosen === undefined) return;
    act.run(async () => {
      const report = { category: chosen, comment: comment.value.trim() };
      if ("message" in of) await client.reportMessage(of.message, report);
      else await client.reportPlayer(of.playerId, { ...report, ...(of.matchId && { matchId: of.matchId }) });
      done.value = true;
      onSent();
    });
  };
  if (done.value)
    return (
      <Dialog label={title} onClose={onClose}>
        <p role="status">
          <strong>{say.sentTitle}</strong>
        </p>
        <p>{say.sentText(name)}</p>
        <div class="row">
          <BlockButton playerId={whoIn(of).playerId} name={name} />
          <button type="button" class="button" onClick={onClose}>
            {say.close}
          </button>
        </div>
      </Dialog>
    );
  return (
    <Dialog label={title} onClose={onClose}>
      <h2>{title}</h2>
      {"message" in of && <blockquote class="message">{of.message.body}</blockquote>}
      {"matchId" in of && of.matchId !== undefined && <p class="soft">{say.inMatch}</p>}
      <form class="stack" onSubmit={send}>
        <fieldset class="stack-s">
          <legend>{say.reason}</legend>
          {CATEGORIES.map((one) => (
            <label key={one} class="row choice">
              <input
                type="radio"
                name="category"
                checked={category.value === one}
                onChange={() => (category.value = one)}
              />
              {say.categories[one]}
            </label>
          ))}
        </fieldset>
        <div class="field">
          <label for="report-comment">{say.comment}</label>
          <textarea
            id="report-comment"
            rows={3}
            maxLength={COMMENT_MAX}
            aria-describedby="report-hint"
            value={comment.value}
            onInput={(event) => (comment.value = event.currentTarget.value)}
          />
          <p id="report-hint" class="hint">
            {say.commentHint(COMMENT_MAX)}
          </p>
        </div>
        <p class="soft">{say.next(name)}</p>
        {act.error.value !== undefined && <Failure error={act.error.value} />}
        <div class="row">
          <button type="submit" class="button primary" disabled={act.busy.value || category.value === undefined}>
            {act.busy.value ? text.value.account.working : say.send}
          </button>
          <button type="button" class="button" onClick={onClose}>
            {say.cancel}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function whoIn(of: Reported): { readonly playerId: string; readonly name: string } {
  return "message" in of ? { playerId: of.message.authorId, name: of.message.authorName } : of;
}
