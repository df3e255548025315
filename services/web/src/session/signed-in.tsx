// What only players see: others are offered the way in, on the same page.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { detach } from "../detach.ts";
import { text } from "../text/index.ts";
import { Empty, Failure } from "../ui/index.tsx";
import { player, playAsGuest } from "./session.ts";

export function SignedIn({ children }: { readonly children: ComponentChildren }) {
  const { account, matches } = text.value;
  const [busy, error] = [useSignal(false), useSignal<unknown>(undefined)];
  if (player.value) return <>{children}</>;
  const enter = async (): Promise<void> => {
    busy.value = true;
    error.value = undefined;
    await playAsGuest().catch((err: unknown) => (error.value = err));
    busy.value = false;
  };
  return (
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
}
