// The start page: who you are, what you can play, and what is going on.
import { useSignal } from "@preact/signals";
import { ErrorBoundary, lazy, useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { leaveQueue, play, type Play, start } from "../play/play.ts";
import { client, player, playAsGuest } from "../session/session.ts";
import { text } from "../text/index.ts";
import { useAction } from "../ui/action.ts";
import { Failure, Loading, Page } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { detach } from "../detach.ts";

const WAITERS_EVERY_MS = 5000;

/** Loaded after the start page is there. */
const MatchView = lazy(() => import("../play/match-view.tsx").then((module) => module.MatchView));
const ResultView = lazy(() => import("../play/result-view.tsx").then((module) => module.ResultView));
const DuelDemo = lazy(() => import("../games/duel/duel-demo.tsx").then((module) => module.DuelDemo));

/**
 * The query of a link that leads straight into a game: /?guest&mode=duel-practice. `guest`: sign in as one if nobody is; `mode`: queue there, for practice. Any page
 * may have such a link, and in another mode a match that its visitor did not want would count: there, the visitor presses the button.
 */
async function follow({ guest, mode }: { readonly guest?: string; readonly mode?: string }): Promise<void> {
  if (player.value === undefined && guest !== undefined) await playAsGuest();
  if (!player.value || mode === undefined) return;
  const known = (await client.modes()).find((one) => one.mode === mode);
  if (known === undefined || known.practice) start(mode); // an unknown one is refused, in words
}

export function PlayPage() {
  const { query, route } = useLocation();
  const failed = useSignal<unknown>(undefined);
  useEffect(() => {
    if (!("guest" in query) && !("mode" in query)) return;
    route("/", true); // a page that is loaded again does not queue again
    detach(follow(query).catch((err: unknown) => (failed.value = err)));
  }, []);
  const now = play.value;
  if (player.value === undefined) return <Welcome failed={failed.value} />;
  if (now.at === "queueing") return <Queueing now={now} />;
  if (now.at === "joining") return <Page title={text.value.play.joining}>{<Loading />}</Page>;
  if (now.at === "playing") return <MatchView running={now} />;
  if (now.at === "over") return <ResultView over={now} />;
  return <Modes now={now} />;
}

function Welcome({ failed }: { readonly failed: unknown }) {
  const { play: say, account } = text.value;
  const { busy, error, run } = useAction();
  return (
    <div class="welcome">
      <Page title={say.welcome} intro={say.welcomeText}>
        <div class="row">
          <button type="button" class="button primary big" disabled={busy.value} onClick={() => run(playAsGuest)}>
            {busy.value ? account.working : account.asGuest}
          </button>
          <a class="button" href="/sign-in">
            {account.signIn}
          </a>
          <a class="button" href="/sign-up">
            {account.signUp}
          </a>
        </div>
        {(error.value ?? failed) !== undefined && <Failure error={error.value ?? failed} />}
      </Page>
      <ErrorBoundary>
        <DuelDemo />
      </ErrorBoundary>
    </div>
  );
}

function Modes({ now }: { readonly now: Extract<Play, { at: "idle" | "failed" }> }) {
  const { play: say } = text.value;
  const modes = useLoaded(() => client.modes(), []);
  const shown = useSignal(modes.value);
  if (modes.value) shown.value ??= modes.value;
  useEffect(() => {
    const timer = setInterval(() => {
      client
        .modes()
        .then((fresh) => (shown.value = fresh))
        .catch(() => undefined); // what was shown stays; the next look is soon
    }, WAITERS_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  // Of another tab, or of this one before it was loaded again. Without the history there is no offer; the queue leads to the seat all the same.
  const last = useLoaded(() => client.history({ limit: 1 }), []).value?.matches[0];
  const held = last?.state === "running" && !(now.at === "idle" && now.after === last.matchId) ? last : undefined;
  return (
    <Page title={say.title} intro={say.lead}>
      {now.at === "failed" && <Failure error={now.error} retry={() => start(now.mode)} />}
      {held !== undefined && (
        <div class="notice warning" role="status">
          <div>
            <strong>{say.resume}</strong>
            <p class="soft">{say.resumeText}</p>
          </div>
          <button type="button" class="button primary" onClick={() => start(held.mode)}>
            {say.resumeButton}
          </button>
        </div>
      )}
      {modes.error !== undefined && <Failure error={modes.error} retry={modes.retry} />}
      {!shown.value && modes.error === undefined && <Loading />}
      <ul class="grid">
        {shown.value?.map(({ mode, gameId, waiting, practice }) => {
          const [name, about] = say.modes[mode] ?? [mode, gameId];
          return (
            <li key={mode} class="card stack-s">
              <h2 class="row">
                {name} {practice && <span class="tag soft">{say.practice}</span>}
              </h2>
              <p class="soft">{about}</p>
              <p class="soft">{practice ? say.atOnce : say.waiting(waiting)}</p>
              <button
                type="button"
                class="button primary"
                data-mode={mode}
                aria-label={`${say.start}: ${name}`}
                onClick={() => start(mode)}
              >
                {say.start}
              </button>
            </li>
          );
        })}
      </ul>
      <p class="soft">{say.invite}</p>
    </Page>
  );
}

function Queueing({ now: { mode, since, paused } }: { readonly now: Extract<Play, { at: "queueing" }> }) {
  const { play: say } = text.value;
  const [seconds, others] = [useSignal(0), useSignal<number | undefined>(undefined)];
  useEffect(() => {
    const timer = setInterval(() => {
      seconds.value = Math.floor((performance.now() - since) / 1000);
      if (seconds.value % 5 !== 2) return;
      client.modes().then(
        (modes) => (others.value = (modes.find((one) => one.mode === mode)?.waiting ?? 1) - 1),
        () => undefined, // it only informs
      );
    }, 1000);
    return () => clearInterval(timer);
  }, [since]);
  return (
    <Page title={say.queueing} intro={say.honest}>
      <div class="card stack">
        <p class="row">
          <span class="spinner" aria-hidden="true" />
          <strong>{(say.modes[mode] ?? [mode])[0]}</strong>
          <span role="timer">{say.waited(seconds.value)}</span>
        </p>
        {paused !== undefined && <p role="status">{say.paused[paused] ?? say.paused.no_room}</p>}
        {paused === undefined && others.value === 0 && (
          <p class="soft" role="status">
            {say.alone}
          </p>
        )}
        <div class="row">
          <button type="button" class="button" onClick={leaveQueue}>
            {say.cancel}
          </button>
        </div>
      </div>
    </Page>
  );
}
