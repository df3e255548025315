// The page's addresses. Each page's code is loaded when it is first visited, apart from the start page's.
import { lazy } from "preact-iso";
import type { ComponentType } from "preact";
import { PlayPage } from "./pages/play-page.tsx";
import type { Text } from "./text/en.ts";

export interface PageRoute {
  readonly path: string;
  readonly component: ComponentType;
  /** Its entry in the navigation, if it has one. */
  readonly nav?: keyof Text["nav"];
  /** Only for who is signed in. */
  readonly signedIn?: boolean;
  /** Only for moderators and admins. */
  readonly operator?: boolean;
}

const accountPage = (name: "SignInPage" | "SignUpPage") =>
  lazy(() => import("./pages/account-pages.tsx").then((pages) => pages[name]));

const matchPage = lazy(() => import("./pages/match-page.tsx").then((pages) => pages.MatchPage));
const watchPage = (name: "LivePage" | "WatchPage") =>
  lazy(() => import("./pages/watch-pages.tsx").then((pages) => pages[name]));
const historyPage = lazy(() => import("./pages/history-page.tsx").then((pages) => pages.HistoryPage));
const playerPage = lazy(() => import("./pages/player-page.tsx").then((pages) => pages.PlayerPage));
const chatPage = (name: "ChatPage" | "DirectPage") =>
  lazy(() => import("./pages/chat-pages.tsx").then((pages) => pages[name]));
const profilePage = lazy(() => import("./pages/profile-page.tsx").then((pages) => pages.ProfilePage));
const boardPage = lazy(() => import("./pages/leaderboard-page.tsx").then((pages) => pages.LeaderboardPage));
const consolePage = lazy(() => import("./console/console-page.tsx").then((pages) => pages.ConsolePage));

export const ROUTES: readonly PageRoute[] = [
  { path: "/", component: PlayPage, nav: "play" },
  { path: "/watch", component: watchPage("LivePage"), nav: "watch" },
  { path: "/watch/:matchId", component: watchPage("WatchPage") },
  { path: "/matches/:matchId", component: matchPage },
  { path: "/leaderboard", component: boardPage, nav: "leaderboard" },
  { path: "/leaderboard/:mode", component: boardPage },
  { path: "/history", component: historyPage, nav: "history", signedIn: true },
  { path: "/chat", component: chatPage("ChatPage"), nav: "chat", signedIn: true },
  { path: "/chat/direct/:playerId", component: chatPage("DirectPage") },
  { path: "/chat/:channelId", component: chatPage("ChatPage") },
  { path: "/profile", component: profilePage, nav: "profile", signedIn: true },
  { path: "/players/:playerId", component: playerPage },
  { path: "/console", component: consolePage, nav: "console", operator: true },
  { path: "/console/:section/:id?", component: consolePage },
  { path: "/sign-in", component: accountPage("SignInPage") },
  { path: "/sign-up", component: accountPage("SignUpPage") },
];
