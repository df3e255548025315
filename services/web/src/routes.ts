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
}

const accountPage = (name: "SignInPage" | "SignUpPage") =>
  lazy(() => import("./pages/account-pages.tsx").then((pages) => pages[name]));

export const ROUTES: readonly PageRoute[] = [
  { path: "/", component: PlayPage, nav: "play" },
  { path: "/sign-in", component: accountPage("SignInPage") },
  { path: "/sign-up", component: accountPage("SignUpPage") },
];
