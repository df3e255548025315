// What the page needs for a game: its rules, and a board that shows a feed and takes input. A new game adds one of these and a
// line in index.ts; without them it is shown by generic/.
import type { Fields, Game } from "@muster/game-kit";
import type { ComponentType } from "preact";
import type { Feed } from "../play/feed.ts";

export interface BoardProps<S extends Fields = Fields, I extends Fields = Fields> {
  readonly feed: Feed<S, I>;
}

export interface GameUi<S extends Fields = Fields, I extends Fields = Fields> {
  readonly game: Game<S, I>;
  readonly Board: ComponentType<BoardProps<S, I>>;
}
