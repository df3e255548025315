// Matches that are played now, and watching one of them.
import { type MatchSummary, MusterError, type WatchedMatch } from "@muster/client";
import { useRoute } from "preact-iso";
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { GameUi } from "../games/game-ui.ts";
import { gameUi } from "../games/index.ts";
import { modeName, seatName } from "../matches/names.ts";
import { Names } from "../matches/participants.tsx";
import { WatchedFeed } from "../play/watched-feed.ts";
import { client, connect, realtime } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { dateText, text } from "../text/index.ts";
import { Failure, Loading, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { detach } from "../detach.ts";

export function LivePage() {
  const { watch: say } = text.value.matches;
  const live = usePages(async (cursor) => {
    const page = await client.liveMatches(cursor === undefined ? {} : { cursor });
    return { items: page.matches, nextCursor: page.nextCursor };
  }, []);
  return (
    <Page title={say.title} intro={say.intro}>
      <p>
        <button type="button" class="button" disabled={live.loading} onClick={live.reload}>
          {say.refresh}
        </button>
      </p>
      <Listed pages={live} empty={say.empty}>
        {(matches) => (
          <ul class="grid">
            {matches.map((match) => (
              <li key={match.matchId} class="card stack-s">
                <h2>{modeName(match.mode)}</h2>
                <p>
                  <Names participants={match.participants} />
                </p>
                <p class="soft">{say.since(dateText(match.createdAt))}</p>
                <a
                  class="button primary"
                  href={`/watch/${match.matchId}`}
                  aria-label={`${say.watch}: ${match.participants.map(seatName).join(` ${text.value.match.versus} `)}`}
                >
                  {say.watch}
                </a>
              </li>
            ))}
          </ul>
        )}
      </Listed>
    </Page>
  );
}

export function WatchPage() {
  const id = useRoute().params["matchId"] ?? "";
  return (
    <SignedIn title={text.value.matches.watch.title}>
      <Watching key={id} matchId={id} />
    </SignedIn>
  );
}

interface Watched {
  readonly summary: MatchSummary;
  readonly ui: GameUi;
  readonly match: WatchedMatch;
  readonly feed: WatchedFeed<never, never>;
}

function Watching({ matchId }: { readonly matchId: string }) {
  const { watch: say } = text.value.matches;
  const [watched, error, tries] = [
    useSignal<Watched | undefined>(undefined),
    useSignal<unknown>(undefined),
    useSignal(0),
  ];
  const over = useSignal<string | undefined>(undefined);
  /** The first state has come, by the server's delay after the match began. */
  const begun = useSignal(false);
  useEffect(() => {
    let gone = false;
    const begin = async (): Promise<void> => {
      try {
        const opened = await watch(matchId);
        if (gone) return stopWatching(opened);
        begun.value = opened.match.latest !== undefined;
        opened.feed.onState(() => (begun.value = true));
        watched.value = opened;
        over.value = await opened.match.ended;
      } catch (err) {
        if (gone) return;
        if (err instanceof MusterError && err.code === "match_over") over.value = "ended";
        else error.value = err;
      }
    };
    error.value = undefined;
    detach(begin());
    return () => {
      gone = true;
      if (watched.value && over.value === undefined) detach(stopWatching(watched.value));
    };
  }, [matchId, tries.value]);
  if (error.value !== undefined)
    return (
      <Page title={say.title}>
        <Failure error={error.value} retry={() => tries.value++} />
      </Page>
    );
  if (over.value !== undefined) return <Over matchId={matchId} reason={over.value} />;
  if (!watched.value) return <Loading />;
  const { summary, ui, match, feed } = watched.value;
  return (
    <Page title={feed.names.join(` ${text.value.match.versus} `)} intro={modeName(summary.mode)}>
      <div class="match" data-watched={matchId}>
        <p class="notice">{say.delay((match.delayMs / 1000).toFixed(1))}</p>
        {begun.value ? <ui.Board feed={feed as never} /> : <Loading />}
      </div>
    </Page>
  );
}

function Over({ matchId, reason }: { readonly matchId: string; readonly reason: string }) {
  const { watch: say } = text.value.matches;
  return (
    <Page title={say.over} intro={say.overReasons[reason] ?? text.value.errors[reason] ?? reason}>
      <div class="row">
        <a class="button primary" href={`/matches/${matchId}`}>
          {say.toMatch}
        </a>
        <a class="button" href="/watch">
          {say.others}
        </a>
      </div>
    </Page>
  );
}

async function watch(matchId: string): Promise<Watched> {
  const summary = await client.match(matchId);
  if (summary.state !== "running") throw new MusterError("match_over", "the match is over");
  const ui = await gameUi(summary.gameId);
  const connection = await connect();
  const match = await connection.watch(matchId, ui.game);
  const names = summary.participants.toSorted((a, b) => a.seat - b.seat).map(seatName);
  const feed = new WatchedFeed(match, ui.game, names);
  return { summary, ui, match, feed: feed as unknown as Watched["feed"] };
}

async function stopWatching({ feed, match }: Watched): Promise<void> {
  feed.stop();
  await realtime.value?.stopWatching(match).catch(() => undefined); // not connected, or over meanwhile
}
