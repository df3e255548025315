// A game that has no board of its own: its state as tables, what has a place as dots, and buttons and keys for its inputs. So a game of
// `pnpm new:game` is played on the page as soon as it is there.
import { MusterError } from "@muster/client";
import type { Fields, Game, StateOf } from "@muster/game-kit";
import { GAMES } from "@muster/modes";
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { text } from "../../text/index.ts";
import type { BoardProps, GameUi } from "../game-ui.ts";
import { HeldButtons } from "../held-buttons.ts";
import { bindingsOf, placesOf } from "./derived.ts";
import { Dots } from "./dots.tsx";
import { HeldInputs, Moves } from "./inputs.tsx";
import { StateTables } from "./state-tables.tsx";

/** Numbers that change with every tick cannot be read. */
const TABLES_EVERY_MS = 100;

const made = new Map<string, GameUi>();

/** @throws MusterError wrong_game for a game that was not there when this page was built */
export function genericUi(gameId: string): GameUi {
  const game = GAMES.get(gameId);
  if (!game) throw new MusterError("wrong_game", `this page does not have the game ${gameId}`);
  const ui = made.get(gameId) ?? { game, Board: (props: BoardProps) => <GenericBoard game={game} feed={props.feed} /> };
  made.set(gameId, ui);
  return ui;
}

function GenericBoard({ game, feed }: BoardProps & { readonly game: Game }) {
  const { generic: say } = text.value;
  const state = useSignal<StateOf<Fields> | undefined>(undefined);
  const places = useMemo(() => placesOf(game.state), [game]);
  const held = game.inputMode === "held";
  const buttons = useMemo(
    () => (feed.seat !== undefined && held ? new HeldButtons(bindingsOf(game.input)) : undefined),
    [game, feed],
  );
  useEffect(() => () => buttons?.stop(), [buttons]);
  useEffect(() => {
    let newest: StateOf<Fields> | undefined;
    const stop = feed.onState((next) => {
      newest = next;
      state.value ??= next;
    });
    const timer = setInterval(() => {
      if (newest) state.value = newest;
    }, TABLES_EVERY_MS);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [feed]);
  return (
    <div class="board">
      <p class="soft">
        {say.intro} {feed.seat !== undefined && <strong>{say.yours(feed.seat)}</strong>}
      </p>
      {places.length > 0 && <Dots fields={game.state} places={places} feed={feed} />}
      {state.value && <StateTables fields={game.state} state={state.value} names={feed.names} />}
      {buttons && <HeldInputs input={game.input} feed={feed} buttons={buttons} />}
      {feed.seat !== undefined && !held && <Moves game={game} feed={feed} state={state.value} />}
    </div>
  );
}
