// A player as everybody sees them.
import type { ReplaySummary } from "@muster/client";
import { useRoute } from "preact-iso";
import { BlockButton } from "../chat/blocks.tsx";
import { HistoryTable, outcomeOf } from "../matches/history-table.tsx";
import { modeName, playerName } from "../matches/names.ts";
import { Names } from "../matches/participants.tsx";
import { Report } from "../reports/report.tsx";
import { client, player } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { dateText, text } from "../text/index.ts";
import { Empty, Failure, Loading, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { usePages } from "../ui/pages-of.ts";

const PAGE = 20;

export function PlayerPage() {
  const id = useRoute().params["playerId"] ?? "";
  return (
    <SignedIn title={text.value.matches.profile.title}>
      <Profile key={id} playerId={id} />
    </SignedIn>
  );
}

function Profile({ playerId }: { readonly playerId: string }) {
  const { profile: say } = text.value.matches;
  const who = useLoaded(() => client.player(playerId), [playerId]);
  if (who.error !== undefined)
    return (
      <Page title={say.title}>
        <Failure error={who.error} retry={who.retry} />
      </Page>
    );
  if (!who.value) return <Loading />;
  return (
    <Page title={who.value.name} intro={say.since(dateText(who.value.createdAt))}>
      <div class="row">
        {playerId !== player.value?.playerId && (
          <a class="button" href={`/chat/direct/${playerId}`}>
            {text.value.chat.writeTo}
          </a>
        )}
        <Report of={who.value} look="button" />
        <BlockButton playerId={playerId} name={who.value.name} />
      </div>
      <Ratings playerId={playerId} />
      <h2>{say.matches}</h2>
      <Matches playerId={playerId} />
    </Page>
  );
}

function Ratings({ playerId }: { readonly playerId: string }) {
  const { profile: say } = text.value.matches;
  const ratings = useLoaded(() => client.ratings.of({ playerId }), [playerId]);
  return (
    <section class="stack" aria-labelledby="ratings">
      <h2 id="ratings">{say.ratings}</h2>
      {ratings.error !== undefined && <Failure error={ratings.error} retry={ratings.retry} />}
      {!ratings.value && ratings.error === undefined && <Loading />}
      {ratings.value?.ratings.length === 0 && <Empty>{say.noRatings}</Empty>}
      <ul class="grid">
        {ratings.value?.ratings.map(({ mode, rating }) => (
          <li key={mode} class="card stack-s">
            <h3>
              <a href={`/leaderboard/${mode}`}>{modeName(mode)}</a>
            </h3>
            <p class="points">
              {rating.display} <span class="soft">{say.uncertain(rating.deviation)}</span>
            </p>
            <p class="soft">{say.played(rating.matches)}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Item {
  readonly replay: ReplaySummary;
  readonly names: ReadonlyMap<string, string | undefined>;
}

function Matches({ playerId }: { readonly playerId: string }) {
  const { profile: say, unknownPlayer } = text.value.matches;
  const pages = usePages<Item>(
    async (cursor) => {
      const page = await client.replays.list({ playerId, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      const ids = new Set(
        page.replays.flatMap(({ seats }) => seats.filter(({ bot }) => !bot).map((one) => one.playerId)),
      );
      const names = new Map(await Promise.all([...ids].map(async (id) => [id, await playerName(id)] as const)));
      return { items: page.replays.map((replay) => ({ replay, names })), nextCursor: page.nextCursor };
    },
    [playerId],
  );
  return (
    <Listed pages={pages} empty={say.noMatches}>
      {(items) => (
        <HistoryTable
          label={say.matches}
          rows={items.map(({ replay: { matchId, mode, createdAt, seats }, names }) => ({
            matchId,
            mode,
            at: createdAt,
            players: (
              <Names participants={seats.map((one) => ({ ...one, name: names.get(one.playerId) ?? unknownPlayer }))} />
            ),
            outcome: outcomeOf(
              seats.find((one) => one.playerId === playerId)?.rank,
              seats.map(({ rank }) => rank),
            ),
          }))}
        />
      )}
    </Listed>
  );
}
