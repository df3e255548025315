// What only players see: others are offered the way in, on the same page.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { detach } from "../detach.ts";
import { text } from "../text/index.ts";
import { Empty, Failure, Page } from "../ui/index.tsx";
import { player, playAsGuest } from "./session.ts";

/** `title`: of a page that has no heading of its own yet. */
export function SignedIn({ title, children }: { readonly title?: string; readonly children: ComponentChildren }) {
  const { account, matches } = text.value;
  const [busy, error] = [useSignal(false), useSignal<unknown>(undefined)];
  if (player.value) return <>{children}</>;
  const enter = async (): Promise<void> => {
    busy.value = true;
    error.value = undefined;
    await playAsGuest().catch((err: unknown) => (error.value = err));
    busy.value = false;
  };
  const offer = (
    <>
      <Empty>
        <p>{matches.needsPlayer}</p>
        <div class="row">
          <button type="button" class="button primary" disabled={busy.value} onClick={() => detach(enter())}>
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
