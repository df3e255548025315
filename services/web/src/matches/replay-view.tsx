// The replay viewer: the match, simulated again in this page, with the verdict of the server beside it.
import { MusterError, type ReplaySummary } from "@muster/client";
import { BadReplayError, openReplayFile, verifyReplay } from "@muster/game-kit";
import { useEffect } from "preact/hooks";
import type { GameUi } from "../games/game-ui.ts";
import { gameUi } from "../games/index.ts";
import { ReplayFeed } from "../play/replay-feed.ts";
import { client } from "../session/session.ts";
import { text } from "../text/index.ts";
import { Empty, Failure, Loading } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];

interface Opened {
  readonly ui: GameUi;
  readonly feed: ReplayFeed<never, never>;
  /** This browser came to the stored result too. */
  readonly same: boolean;
}

export function ReplayView({ matchId, names }: { readonly matchId: string; readonly names: readonly string[] }) {
  const { replay: say } = text.value.matches;
  const summary = useLoaded(() => summaryOf(matchId), [matchId]);
  return (
    <section class="stack" aria-labelledby="replay">
      <h2 id="replay">{say.title}</h2>
      {summary.error !== undefined && <Failure error={summary.error} retry={summary.retry} />}
      {summary.value === undefined && summary.error === undefined && <Loading />}
      {summary.value === "none" && (
        <Empty>
          <p>{say.none}</p>
          <button type="button" class="button" onClick={summary.retry}>
            {say.check}
          </button>
        </Empty>
      )}
      {typeof summary.value === "object" && <Viewer summary={summary.value} names={names} />}
    </section>
  );
}

function Viewer({ summary, names }: { readonly summary: ReplaySummary; readonly names: readonly string[] }) {
  const { replay: say } = text.value.matches;
  const ui = useLoaded(() => gameUi(summary.gameId), [summary.gameId]);
  const verdict = summary.verdict ?? "pending";
  const [word, about] = say.verdicts[verdict] ?? [verdict, ""];
  return (
    <>
      <p class="row" data-verdict={verdict}>
        <strong class={verdict === "verified" ? "tag good" : verdict === "suspect" ? "tag bad" : "tag"}>
          {verdict === "verified" && <span aria-hidden="true">✓ </span>}
          {word}
        </strong>
        <span class="soft">{about}</span>
      </p>
      {ui.error !== undefined && <Failure error={ui.error} retry={ui.retry} />}
      {ui.value && ui.value.game.buildId !== summary.buildId && (
        <p class="notice warning">{say.otherBuild(summary.buildId, ui.value.game.buildId)}</p>
      )}
      {ui.value?.game.buildId === summary.buildId && <Player ui={ui.value} matchId={summary.matchId} names={names} />}
    </>
  );
}

function Player({
  ui,
  matchId,
  names,
}: {
  readonly ui: GameUi;
  readonly matchId: string;
  readonly names: readonly string[];
}) {
  const { replay: say } = text.value.matches;
  const opened = useLoaded(() => open(ui, matchId, names), [matchId]);
  const feed = opened.value?.feed;
  useEffect(() => () => feed?.stop(), [feed]);
  if (opened.error !== undefined) return <Failure error={opened.error} retry={opened.retry} />;
  if (!opened.value || !feed) return <p class="soft">{say.opening}</p>;
  return (
    <div class="match">
      <ui.Board feed={feed as never} />
      <Controls feed={feed} />
      <p class={opened.value.same ? "good" : "bad"}>{opened.value.same ? say.same : say.differs}</p>
    </div>
  );
}

function Controls({ feed }: Pick<Opened, "feed">) {
  const { replay: say } = text.value.matches;
  const { tick, hash } = feed.shown.value;
  const playing = feed.playing.value;
  const toggle = (): void => (playing ? feed.pause() : feed.play());
  return (
    <div class="stack-s replay" role="group" aria-label={say.title} data-tick={tick} data-hash={hash}>
      <label class="visually-hidden" for="position">
        {say.position}
      </label>
      <input
        id="position"
        type="range"
        min={0}
        max={feed.ticks}
        step={1}
        value={tick}
        aria-valuetext={say.positionText(tick, feed.ticks)}
        aria-describedby="replay-keys"
        onInput={(event) => {
          feed.pause();
          feed.seek(event.currentTarget.valueAsNumber);
        }}
        onKeyDown={(event) => {
          if (event.code !== "Space") return;
          event.preventDefault();
          toggle();
        }}
      />
      <div class="row">
        <button type="button" class="button primary" onClick={toggle}>
          {playing ? say.pause : say.play}
        </button>
        <button
          type="button"
          class="button"
          aria-label={say.back}
          title={say.back}
          disabled={tick === 0}
          onClick={() => feed.step(-1)}
        >
          ‹
        </button>
        <button
          type="button"
          class="button"
          aria-label={say.forward}
          title={say.forward}
          disabled={tick === feed.ticks}
          onClick={() => feed.step(1)}
        >
          ›
        </button>
        <label class="row">
          {say.speed}
          <select
            value={String(feed.speed.value)}
            onChange={(event) => (feed.speed.value = Number(event.currentTarget.value))}
          >
            {SPEEDS.map((speed) => (
              <option key={speed} value={String(speed)}>
                {speed} ×
              </option>
            ))}
          </select>
        </label>
        <span class="tick">{say.positionText(tick, feed.ticks)}</span>
      </div>
      <p class="soft">
        {say.hash}: <code>{hash}</code>
      </p>
      <p id="replay-keys" class="soft help">
        {say.keys}
      </p>
    </div>
  );
}

async function summaryOf(matchId: string): Promise<ReplaySummary | "none"> {
  try {
    const summary = await client.replays.of(matchId);
    return summary.file ? summary : "none";
  } catch (err) {
    if (err instanceof MusterError && err.code === "replay_not_found") return "none";
    throw err;
  }
}

async function open(ui: GameUi, matchId: string, names: readonly string[]): Promise<Opened> {
  const bytes = await client.replays.download(matchId);
  try {
    const { setup, log, claim } = await openReplayFile(bytes);
    const feed = new ReplayFeed(ui.game, setup, log, names);
    const same = verifyReplay(ui.game, setup, log, claim).length === 0;
    return { ui, feed: feed as unknown as Opened["feed"], same };
  } catch (err) {
    if (err instanceof BadReplayError) throw new MusterError("damaged_replay", err.message, { cause: err });
    throw err;
  }
}
