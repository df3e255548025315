// Whom this player blocks: a button on that player's page, and the list of all in the profile.
import { signal } from "@preact/signals";
import { playerName } from "../matches/names.ts";
import { client, player } from "../session/session.ts";
import { text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Empty, Failure, Loading } from "../ui/index.tsx";
import { type Loaded, useLoaded } from "../ui/loaded.ts";
import { readAnew } from "./chat.ts";

/** Counts changes, so that everything that shows blocks reads them anew. */
const changes = signal(0);

async function block(playerId: string, blocks: boolean): Promise<void> {
  if (blocks) await client.chat.block(playerId);
  else await client.chat.unblock(playerId);
  changes.value++;
  await readAnew();
}

export function useBlocked(): Loaded<readonly string[]> {
  return useLoaded(() => client.chat.blocked(), [changes.value, player.value?.playerId]);
}

export function BlockButton({ playerId, name }: { readonly playerId: string; readonly name: string }) {
  const { chat: say } = text.value;
  const [blocked, act] = [useBlocked(), useAction()];
  if (!player.value || player.value.playerId === playerId) return null;
  const now = blocked.value?.includes(playerId) ?? false;
  const error = act.error.value ?? blocked.error;
  return (
    <>
      <button
        type="button"
        class="button"
        aria-label={now ? say.unblockPlayer(name) : say.blockPlayer(name)}
        disabled={act.busy.value || !blocked.value}
        onClick={() => act.run(() => block(playerId, !now))}
      >
        {now ? say.unblock : say.block}
      </button>
      {now && (
        <p class="soft" role="status">
          {say.isBlocked(name)}
        </p>
      )}
      {error !== undefined && (
        <Failure error={error} retry={act.error.value === undefined ? blocked.retry : undefined} />
      )}
    </>
  );
}

export function Blocked() {
  const { chat: say } = text.value;
  const { unknownPlayer } = text.value.matches;
  const blocked = useBlocked();
  const named = useLoaded(
    () => Promise.all((blocked.value ?? []).map(async (id) => [id, await playerName(id)] as const)),
    [blocked.value],
  );
  const act = useAction();
  return (
    <section class="stack text" aria-labelledby="blocked">
      <h2 id="blocked">{say.blocked}</h2>
      <p class="soft">{say.blockedText}</p>
      {blocked.error !== undefined && <Failure error={blocked.error} retry={blocked.retry} />}
      {act.error.value !== undefined && <Failure error={act.error.value} />}
      {!blocked.value && blocked.error === undefined && <Loading />}
      {blocked.value?.length === 0 && <Empty>{say.nobodyBlocked}</Empty>}
      <ul class="stack-s">
        {blocked.value &&
          named.value?.map(([id, name = unknownPlayer]) => (
            <li key={id} class="card row spread" data-blocked={id}>
              <a href={`/players/${id}`}>{name}</a>
              <button
                type="button"
                class="button"
                aria-label={say.unblockPlayer(name)}
                disabled={act.busy.value}
                onClick={() => act.run(() => block(id, false))}
              >
                {say.unblock}
              </button>
            </li>
          ))}
      </ul>
    </section>
  );
}
