// The end of a match: who won, and what it did to the player's rating.
import { MusterError } from "@muster/client";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { MatchChat, MatchChatToggle } from "../chat/match-chat.tsx";
import { ResultTable } from "../matches/participants.tsx";
import { sound } from "../games/sound.ts";
import { client } from "../session/session.ts";
import { text } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { dismiss, type Play, start } from "./play.ts";
import { detach } from "../detach.ts";

/** A rating follows some moments after the match; it is asked for so often, and then no more. */
const RATING_TRIES = 10;
const RATING_EVERY_MS = 700;

export function ResultView({ over }: { readonly over: Extract<Play, { at: "over" }> }) {
  const { result: say } = text.value;
  const { found, end, seat } = over;
  const title = titleOf(over);
  const talks = found.players.some((one) => one.seat !== seat && one.bot === "");
  useEffect(() => {
    if (end.kind === "ended") sound(end.seats[seat]?.rank === 1 ? "won" : "lost");
  }, []);
  return (
    <Page title={title} intro={say.reasons[end.reason] ?? end.reason}>
      {end.kind === "ended" && (
        <ResultTable
          participants={found.players.map((one) => ({ ...one, ...end.seats[one.seat] }))}
          stateHash={end.stateHash}
          seat={seat}
          matchId={found.matchId}
        />
      )}
      {end.kind === "ended" && found.players.every(({ bot }) => bot === "") && (
        <RatingChange mode={found.mode} matchId={found.matchId} />
      )}
      <div class="row">
        <button
          type="button"
          class="button primary"
          onClick={() => {
            dismiss();
            start(found.mode);
          }}
        >
          {say.again}
        </button>
        {end.kind === "ended" && (
          <a class="button" href={`/matches/${found.matchId}`}>
            {say.replay}
          </a>
        )}
        {talks && <MatchChatToggle matchId={found.matchId} />}
        <button type="button" class="button" onClick={dismiss}>
          {say.home}
        </button>
      </div>
      {talks && <MatchChat matchId={found.matchId} />}
    </Page>
  );
}

function RatingChange({ mode, matchId }: { readonly mode: string; readonly matchId: string }) {
  const { result: say } = text.value;
  const change = useSignal<{ before: number; after: number } | "later" | undefined>(undefined);
  useEffect(() => {
    let [tries, gone] = [0, false];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      try {
        const { points } = await client.ratings.history(mode, { limit: 5 });
        const point = points.find((one) => one.matchId === matchId);
        if (point) return void (change.value = { before: point.displayBefore, after: point.rating.display });
      } catch (err) {
        if (!(err instanceof MusterError)) throw err; // ratings may be away for a while
      }
      if (gone) return;
      if (++tries === RATING_TRIES) change.value = "later";
      else timer = setTimeout(() => detach(look()), RATING_EVERY_MS);
    };
    detach(look());
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [matchId]);
  if (change.value === "later") return <p class="soft">{say.ratingLater}</p>;
  if (!change.value) return <p class="soft">{say.ratingPending}</p>;
  const { before, after } = change.value;
  const sign = after >= before ? "+" : "−";
  return (
    <p role="status">
      {say.rating}: <strong>{after}</strong>{" "}
      <span class={after >= before ? "good" : "bad"}>
        {sign}
        {Math.abs(after - before)}
      </span>
    </p>
  );
}

function titleOf({ end, seat }: Extract<Play, { at: "over" }>): string {
  const { result: say } = text.value;
  if (end.kind === "cancelled") return say.cancelled;
  const best = end.seats.filter(({ rank }) => rank === 1).length;
  if (end.seats[seat]?.rank !== 1) return say.lost;
  return best > 1 ? say.draw : say.won;
}
