// One match: who played, how it ended, and its replay.
import type { MatchSummary } from "@muster/client";
import { useRoute } from "preact-iso";
import { modeName, seatName } from "../matches/names.ts";
import { ResultTable } from "../matches/participants.tsx";
import { ReplayView } from "../matches/replay-view.tsx";
import { client } from "../session/session.ts";
import { SignedIn } from "../session/signed-in.tsx";
import { dateText, text } from "../text/index.ts";
import { Failure, Loading, Page } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";

export function MatchPage() {
  const id = useRoute().params["matchId"] ?? "";
  return (
    <SignedIn title={text.value.matches.match.plain}>
      <Match key={id} matchId={id} />
    </SignedIn>
  );
}

function Match({ matchId }: { readonly matchId: string }) {
  const match = useLoaded(() => client.match(matchId), [matchId]);
  if (match.error !== undefined)
    return (
      <Page title={text.value.matches.match.plain}>
        <Failure error={match.error} retry={match.retry} />
      </Page>
    );
  if (!match.value) return <Loading />;
  return <Found match={match.value} />;
}

function Found({ match }: { readonly match: MatchSummary }) {
  const { match: say } = text.value.matches;
  const { reasons } = text.value.result;
  const { state, participants, endReason, cancelReason, createdAt, endedAt, matchId } = match;
  const reason = endReason ?? cancelReason;
  const names = participants.toSorted((a, b) => a.seat - b.seat).map(seatName);
  return (
    <Page title={names.join(` ${text.value.match.versus} `)} intro={say.title(modeName(match.mode))}>
      {state === "running" && (
        <div class="notice" role="status">
          <p>{say.running}</p>
          <a class="button primary" href={`/watch/${matchId}`}>
            {say.watch}
          </a>
        </div>
      )}
      <dl class="facts">
        <dt>{say.began}</dt>
        <dd>{dateText(createdAt)}</dd>
        {endedAt !== undefined && (
          <>
            <dt>{say.ended}</dt>
            <dd>{dateText(endedAt)}</dd>
          </>
        )}
        {reason !== undefined && (
          <>
            <dt>{say.how}</dt>
            <dd>{reasons[reason] ?? reason}</dd>
          </>
        )}
      </dl>
      <ResultTable participants={participants} matchId={matchId} />
      {state === "ended" && <ReplayView matchId={matchId} names={names} />}
    </Page>
  );
}
