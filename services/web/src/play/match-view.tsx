// A match that is being played: the game's board, the other players, the connection.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { isChatOpen, keysToTheGame, MatchChat, MatchChatToggle } from "../chat/match-chat.tsx";
import type { GameUi } from "../games/game-ui.ts";
import { gameUi } from "../games/index.ts";
import { text } from "../text/index.ts";
import { Confirm, Loading } from "../ui/index.tsx";
import type { Feed } from "./feed.ts";
import { type Away, giveUp, type Running } from "./play.ts";

export function MatchView({ running }: { readonly running: Running }) {
  const { match: say } = text.value;
  const { found, feed, quality, away } = running;
  const [ui, setUi] = useState<GameUi | undefined>(undefined);
  const asks = useSignal(false);
  const talks = found.players.some(({ bot, seat }) => seat !== feed.seat && bot === "");
  useEffect(() => void gameUi(found.gameId).then(setUi), [found.gameId]);
  useEffect(() => {
    document.title = `${feed.names.join(` ${say.versus} `)} · ${text.value.name}`;
  }, []);
  return (
    <div
      class="match"
      data-match={found.matchId}
      data-seat={feed.seat}
      data-chat={talks && isChatOpen(found.matchId) ? "" : undefined}
    >
      <h1 class="visually-hidden">{feed.names.join(` ${say.versus} `)}</h1>
      {quality.lost.value && (
        <p class="notice warning" role="alert">
          <span class="spinner" aria-hidden="true" /> {say.reconnecting}
        </p>
      )}
      {away.value && <AwayNotice away={away.value} name={feed.names[away.value.seat] ?? ""} />}
      {ui ? <ui.Board feed={feed as unknown as Feed} /> : <Loading />}
      <div class="row spread">
        <p class="quality">
          <span>
            {say.latencyLabel}:{" "}
            {quality.latencyMs.value === undefined ? "…" : say.latency(Math.round(quality.latencyMs.value))}
          </span>
          <span>
            {say.lossLabel}: {(quality.loss.value * 100).toFixed(1)} %
          </span>
        </p>
        <span class="row">
          {talks && <MatchChatToggle matchId={found.matchId} />}
          <button type="button" class="button danger" onClick={() => (asks.value = true)}>
            {say.leave}
          </button>
        </span>
      </div>
      {talks && <MatchChat matchId={found.matchId} />}
      {asks.value && (
        <Confirm
          question={say.leaveAsk}
          yes={say.leave}
          no={say.stay}
          onNo={() => {
            asks.value = false;
            keysToTheGame();
          }}
          onYes={() => {
            asks.value = false;
            giveUp().catch(() => undefined); // not connected: the seat's time runs out by itself
          }}
        />
      )}
    </div>
  );
}

function AwayNotice({ away, name }: { readonly away: Away; readonly name: string }) {
  const left = useSignal(0);
  useEffect(() => {
    const count = (): void => {
      left.value = Math.max(0, Math.ceil((away.until - performance.now()) / 1000));
    };
    count();
    const timer = setInterval(count, 1000);
    return () => clearInterval(timer);
  }, [away]);
  return (
    <p class="notice warning" role="status">
      {text.value.match.otherAway(name, left.value)}
    </p>
  );
}
