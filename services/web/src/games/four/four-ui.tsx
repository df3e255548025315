// Four in a row: a drawn board with a button for each column, which keyboards and screen readers use too.
import { four } from "@muster/game-four";
import type { StateOf } from "@muster/game-kit";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { text } from "../../text/index.ts";
import type { BoardProps, GameUi } from "../game-ui.ts";
import { sound } from "../sound.ts";

type State = StateOf<typeof four.state>;

const COLUMNS = 7;
const ROWS = 6;

function FourBoard({ feed }: BoardProps<typeof four.state, typeof four.input>) {
  const { match: say } = text.value;
  const state = useSignal<State | undefined>(undefined);
  useEffect(
    () =>
      feed.onState((next) => {
        if (state.value && next.moves !== state.value.moves) sound("drop");
        state.value = next;
      }),
    [feed],
  );
  const now = state.value;
  if (!now) return null;
  const mine = now.toMove === feed.seat && now.winner === 0;
  const discs = (column: number): number =>
    now.cells.slice(column * ROWS, (column + 1) * ROWS).filter(({ disc }) => disc > 0).length;
  const turn = now.winner !== 0 ? "" : mine ? say.yourTurn : say.theirTurn(feed.names[now.toMove] ?? "");
  return (
    <div class="board">
      <ul class="names">
        {feed.names.map((name, seat) => (
          <li key={seat} class={`score seat-${seat}`} aria-current={now.toMove === seat ? "true" : undefined}>
            {name} {seat === feed.seat && <span class="tag">{say.you}</span>}
          </li>
        ))}
      </ul>
      <p role="status" class={mine ? "turn mine" : "turn"}>
        {turn}
      </p>
      <div class="frame">
        <div class="four" role="group" aria-label={say.board}>
          {Array.from({ length: COLUMNS }, (_, column) => (
            <button
              key={column}
              type="button"
              class="four-column"
              disabled={!mine || discs(column) === ROWS}
              aria-label={say.column(column + 1, discs(column))}
              onClick={() => feed.input({ column })}
            >
              {Array.from({ length: ROWS }, (__, up) => {
                const disc = now.cells[column * ROWS + (ROWS - 1 - up)]?.disc ?? 0;
                return <span key={up} class={disc === 0 ? "cell" : `cell disc seat-${disc - 1}`} />;
              })}
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

export const fourUi: GameUi<typeof four.state, typeof four.input> = { game: four, Board: FourBoard };
