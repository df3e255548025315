// The player's own matches.
import type { MatchSummary } from "@muster/client";
import { HistoryTable, outcomeOf } from "../matches/history-table.tsx";
import { Names } from "../matches/participants.tsx";
import { client, player } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { text } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";

const PAGE = 20;
/** A rating's newest changes: enough for some pages of matches. */
const CHANGES = 100;

export function HistoryPage() {
  return (
    <Page title={text.value.matches.history.title}>
      <SignedIn>
        <Matches />
      </SignedIn>
    </Page>
  );
}

interface Item {
  readonly match: MatchSummary;
  readonly change: number | undefined;
}

function Matches() {
  const { history: say } = text.value.matches;
  const own = player.value?.playerId;
  const pages = usePages<Item>(
    async (cursor) => {
      const { matches, nextCursor } = await client.history({
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      const changes = await changesOf(new Set(matches.map(({ mode }) => mode)));
      return { items: matches.map((match) => ({ match, change: changes.get(match.matchId) })), nextCursor };
    },
    [own],
  );
  return (
    <Listed
      pages={pages}
      empty={
        <>
          <p>{say.empty}</p>
          <a class="button primary" href="/">
            {say.play}
          </a>
        </>
      }
    >
      {(items) => (
        <HistoryTable
          label={say.title}
          rated
          rows={items.map(({ match, change }) => ({
            matchId: match.matchId,
            mode: match.mode,
            at: match.createdAt,
            players: <Names participants={match.participants} />,
            outcome:
              match.state === "ended"
                ? outcomeOf(
                    match.participants.find(({ playerId }) => playerId === own)?.rank,
                    match.participants.map(({ rank }) => rank),
                  )
                : match.state === "running"
                  ? "running"
                  : "cancelled",
            change,
          }))}
        />
      )}
    </Listed>
  );
}

/** By match. Ratings may be away: the matches are shown without them then. */
async function changesOf(modes: ReadonlySet<string>): Promise<Map<string, number>> {
  const all = await Promise.all(
    [...modes].map((mode) => client.ratings.history(mode, { limit: CHANGES }).catch(() => ({ points: [] }))),
  );
  return new Map(
    all.flatMap(({ points }) => points.map((one) => [one.matchId, one.rating.display - one.displayBefore] as const)),
  );
}
