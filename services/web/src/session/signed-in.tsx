// What only players see: others are offered the way in, on the same page.
import type { ComponentChildren } from "preact";
import { text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Empty, Failure, Page } from "../ui/index.tsx";
import { player, playAsGuest } from "./session.ts";

/** `title`: of a page that has no heading of its own yet. */
export function SignedIn({ title, children }: { readonly title?: string; readonly children: ComponentChildren }) {
  const { account, matches } = text.value;
  const { busy, error, run } = useAction();
  if (player.value) return <>{children}</>;
  const offer = (
    <>
      <Empty>
        <p>{matches.needsPlayer}</p>
        <div class="row">
          <button type="button" class="button primary" disabled={busy.value} onClick={() => run(playAsGuest)}>
            {busy.value ? account.working : account.asGuest}
          </button>
          <a class="button" href="/sign-in">
            {account.signIn}
          </a>
        </div>
      </Empty>
      {error.value !== undefined && <Failure error={error.value} />}
    </>
  );
  return title === undefined ? offer : <Page title={title}>{offer}</Page>;
}
