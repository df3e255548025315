// The frame around every page: navigation, who is signed in, settings.
import type { Player } from "@muster/client";
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";
import { invitations, unread } from "./chat/chat.ts";
import { Unread } from "./chat/unread.tsx";
import { NotFoundPage } from "./pages/not-found-page.tsx";
import { play } from "./play/play.ts";
import { type PageRoute, ROUTES } from "./routes.ts";
import { player, restore, sessionError, signedOutElsewhere, signOut } from "./session/session.ts";
import { text } from "./text/index.ts";
import { Failure, Loading } from "./ui/index.tsx";
import { Settings } from "./ui/settings.tsx";
import { detach } from "./detach.ts";

export function App() {
  return (
    <LocationProvider>
      <Shell />
    </LocationProvider>
  );
}

function Shell() {
  const { nav, name, skip, account } = text.value;
  const { path } = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [path, play.value.at, player.value?.playerId]);
  const who = player.value;
  const playing = play.value.at === "playing" && path === "/";
  return (
    <div class="shell" data-playing={playing ? "" : undefined}>
      <a class="skip" href="#main">
        {skip}
      </a>
      <header>
        <a class="brand" href="/">
          <img src="/page/favicon.svg" alt="" width="28" height="28" />
          {name}
        </a>
        <nav class="nav" aria-label={name}>
          {ROUTES.filter((route) => route.nav && isShown(route, who)).map((route) => (
            <a key={route.path} href={route.path} aria-current={route.path === path ? "page" : undefined}>
              {nav[route.nav as keyof typeof nav]}
              {route.nav === "chat" && <Unread count={unread.value} />}
              {route.nav === "chat" && <Invited />}
            </a>
          ))}
        </nav>
        {who && (
          <div class="row" data-player={who.playerId}>
            <span>
              {who.name} {who.kind === "guest" && <span class="tag">{account.guest}</span>}
            </span>
            {!playing && (
              <button type="button" class="quiet" onClick={() => detach(signOut())}>
                {account.signOut}
              </button>
            )}
          </div>
        )}
        {who === undefined && (
          <a class="quiet" href="/sign-in">
            {account.signIn}
          </a>
        )}
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {signedOutElsewhere.value && (
          <p class="notice warning" role="alert">
            {text.value.profile.ended}
          </p>
        )}
        {who === null ? (
          <Unknown />
        ) : (
          <ErrorBoundary>
            <Router>
              {ROUTES.map((route) => (
                <Route key={route.path} path={route.path} component={route.component} />
              ))}
              <Route default component={NotFoundPage} />
            </Router>
          </ErrorBoundary>
        )}
      </main>
      <Settings />
    </div>
  );
}

/** Invitations that wait for an answer. */
function Invited() {
  const { length } = invitations.value ?? [];
  if (length === 0) return null;
  return (
    <span class="tag" data-invited={length}>
      <span aria-hidden="true">✉ {length}</span>
      <span class="visually-hidden">{text.value.chat.pending(length)}</span>
    </span>
  );
}

function isShown({ signedIn, operator }: PageRoute, who: Player | null | undefined): boolean {
  if (operator) return !!who && who.role !== "player";
  return !signedIn || !!who;
}

/** There are stored tokens, and it is not known yet whose they are. */
function Unknown() {
  return sessionError.value === undefined ? (
    <Loading />
  ) : (
    <Failure error={sessionError.value} retry={() => detach(restore())} />
  );
}
