// Who is best: by game, season and region, with the player's own rank and its neighbours.
import { type LeaderboardEntry, MusterError } from "@muster/client";
import { useSignal } from "@preact/signals";
import { ErrorBoundary, lazy, useRoute } from "preact-iso";
import { modeName } from "../matches/names.ts";
import { client, player } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { text } from "../text/index.ts";
import { Empty, Failure, Loading, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { usePages } from "../ui/pages-of.ts";

const PAGE = 25;
const NEIGHBOURS = 2;
const PLOTTED = 100;

const RatingPlot = lazy(() => import("../matches/rating-plot.tsx").then((module) => module.RatingPlot));

export function LeaderboardPage() {
  const { board: say } = text.value.matches;
  const wanted = useRoute().params["mode"];
  const modes = useLoaded(() => client.modes(), []);
  const rated = modes.value?.filter((one) => one.rated).map(({ mode }) => mode);
  const mode = wanted ?? rated?.[0];
  return (
    <Page title={say.title}>
      {modes.error !== undefined && <Failure error={modes.error} retry={modes.retry} />}
      {!modes.value && modes.error === undefined && <Loading />}
      {rated && rated.length > 0 && (
        <nav class="tabs" aria-label={say.modes}>
          {rated.map((one) => (
            <a key={one} class="button" href={`/leaderboard/${one}`} aria-current={one === mode ? "page" : undefined}>
              {modeName(one)}
            </a>
          ))}
        </nav>
      )}
      {rated && mode === undefined && <Empty>{say.noModes}</Empty>}
      {mode !== undefined && (
        <SignedIn>
          <Board key={mode} mode={mode} />
        </SignedIn>
      )}
    </Page>
  );
}

interface Choice {
  readonly season?: number;
  readonly region?: string;
}

function Board({ mode }: { readonly mode: string }) {
  const { board: say } = text.value.matches;
  const choice = useSignal<Choice>({});
  const players = useSignal<number | undefined>(undefined);
  /** Those that were seen: the server has no list of them. */
  const regions = useSignal<readonly string[]>([]);
  const { season, region } = choice.value;
  const seasons = useLoaded(() => client.ratings.seasons(), []);
  const pages = usePages<LeaderboardEntry>(
    async (cursor) => {
      const page = await client.ratings.leaderboard(mode, {
        ...choice.value,
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      players.value = page.players;
      const seen = page.entries.flatMap((one) => one.region ?? []);
      regions.value = [...new Set([...regions.value, ...seen])].toSorted();
      return { items: page.entries, nextCursor: page.nextCursor };
    },
    [mode, season, region],
  );
  return (
    <>
      <div class="row">
        {seasons.value && (
          <label class="row">
            {say.season}
            <select
              value={String(season ?? seasons.value.current)}
              onChange={(event) => (choice.value = { ...choice.value, season: Number(event.currentTarget.value) })}
            >
              {seasons.value.seasons.map((one) => (
                <option key={one.season} value={String(one.season)}>
                  {one.name || one.season}
                </option>
              ))}
            </select>
          </label>
        )}
        {regions.value.length > 0 && (
          <label class="row">
            {say.region}
            <select
              value={region ?? ""}
              onChange={({ currentTarget: { value } }) =>
                (choice.value = {
                  ...(season === undefined ? {} : { season }),
                  ...(value === "" ? {} : { region: value }),
                })
              }
            >
              <option value="">{say.allRegions}</option>
              {regions.value.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        )}
        {players.value !== undefined && <span class="soft">{say.players(players.value)}</span>}
      </div>
      <OwnRank mode={mode} choice={choice.value} />
      <section class="stack" aria-labelledby="top">
        <h2 id="top">{say.top}</h2>
        <Listed pages={pages} empty={say.empty}>
          {(entries) => <Entries entries={entries} />}
        </Listed>
      </section>
      <OwnHistory mode={mode} />
    </>
  );
}

function OwnRank({ mode, choice }: { readonly mode: string; readonly choice: Choice }) {
  const { board: say } = text.value.matches;
  const rank = useLoaded(async () => {
    try {
      return await client.ratings.rank(mode, { ...choice, eachSide: NEIGHBOURS });
    } catch (err) {
      if (err instanceof MusterError && err.code === "not_on_leaderboard") return "none" as const;
      throw err;
    }
  }, [mode, choice.season, choice.region, player.value?.playerId]);
  // The list below says what is wrong, and can be read again.
  if (!rank.value) return null;
  if (rank.value === "none") return <p class="soft">{say.unranked}</p>;
  return (
    <section class="stack" aria-labelledby="own-rank" data-own-rank={rank.value.rank}>
      <h2 id="own-rank">{say.yours(rank.value.rank)}</h2>
      <Entries entries={rank.value.entries} />
    </section>
  );
}

function Entries({ entries }: { readonly entries: readonly LeaderboardEntry[] }) {
  const { board: say, unknownPlayer } = text.value.matches;
  return (
    <div class="card scroll">
      <table>
        <thead>
          <tr>
            <th data-number>{say.rank}</th>
            <th>{say.player}</th>
            <th data-number>{say.rating}</th>
            <th data-number>{say.matches}</th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ rank, playerId, name, rating }) => (
            <tr key={playerId} class={playerId === player.value?.playerId ? "own" : undefined}>
              <td data-number>{rank}</td>
              <td>
                <a href={`/players/${playerId}`}>{name ?? unknownPlayer}</a>
              </td>
              <td data-number>{rating.display}</td>
              <td data-number>{rating.matches}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function OwnHistory({ mode }: { readonly mode: string }) {
  const history = useLoaded(() => client.ratings.history(mode, { limit: PLOTTED }), [mode, player.value?.playerId]);
  if (!history.value || history.value.points.length === 0) return null;
  return (
    <ErrorBoundary>
      <RatingPlot points={history.value.points} />
    </ErrorBoundary>
  );
}
