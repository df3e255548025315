// Inputs of a game that has no board of its own: buttons with keys for what is held, a button for each move where there are few, else a form.
import type { Fields, Game, GameContext, StateOf } from "@muster/game-kit";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Feed } from "../../play/feed.ts";
import { text } from "../../text/index.ts";
import type { HeldButtons } from "../held-buttons.ts";
import { TouchButtons } from "../touch-buttons.tsx";
import { boundsOf, emptyInput, keysOf, movesOf, type Plain, scalarsOf } from "./derived.ts";

interface HeldProps {
  readonly input: Fields;
  readonly feed: Feed;
  readonly buttons: HeldButtons<string>;
}

export function HeldInputs({ input, feed, buttons }: HeldProps) {
  const numbers = useSignal<Plain>({});
  const keys = keysOf(input);
  useEffect(() => {
    const rest = emptyInput(input);
    let frame = requestAnimationFrame(function send(now) {
      feed.input({ ...rest, ...numbers.peek(), ...buttons.read() } as StateOf<Fields>);
      feed.predicted(now); // sends it, whether there are dots to draw or not
      frame = requestAnimationFrame(send);
    });
    return () => cancelAnimationFrame(frame);
  }, [feed, buttons]);
  const labels = Object.fromEntries(
    Object.keys(buttons.read()).map((name) => [name, [name, keys.get(name)?.sign].filter(Boolean).join(" ")]),
  );
  return (
    <>
      <TouchButtons buttons={buttons} names={labels} plain />
      <Numbers input={input} values={numbers.value} onChange={(values) => (numbers.value = values)} />
    </>
  );
}

interface MovesProps {
  readonly game: Game;
  readonly feed: Feed;
  readonly state: StateOf<Fields> | undefined;
}

export function Moves({ game, feed, state }: MovesProps) {
  const { generic: say } = text.value;
  const values = useSignal<Plain>({});
  const moves = movesOf(game.input);
  const send = (move: Plain): void => feed.input({ ...emptyInput(game.input), ...move } as StateOf<Fields>);
  if (moves)
    return (
      <div class="row moves" role="group" aria-label={say.moves}>
        {moves.map((move) => {
          const label = Object.entries(move)
            .map(([name, value]) => `${name} ${value}`)
            .join(", ");
          return (
            <button
              key={label}
              type="button"
              class="button"
              data-move={label}
              disabled={!isAllowed(game, feed, state, move)}
              onClick={() => send(move)}
            >
              {label}
            </button>
          );
        })}
      </div>
    );
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        send(values.value);
      }}
    >
      <Numbers input={game.input} values={values.value} onChange={(next) => (values.value = next)} />
      {scalarsOf(game.input)
        .filter(([, { kind }]) => kind === "flag")
        .map(([name]) => (
          <label key={name} class="row">
            <input
              type="checkbox"
              checked={values.value[name] === true}
              onChange={(event) => (values.value = { ...values.value, [name]: event.currentTarget.checked })}
            />
            {name}
          </label>
        ))}
      <button type="submit" class="button primary">
        {say.send}
      </button>
    </form>
  );
}

interface NumbersProps {
  readonly input: Fields;
  readonly values: Plain;
  readonly onChange: (values: Plain) => void;
}

function Numbers({ input, values, onChange }: NumbersProps) {
  return (
    <>
      {scalarsOf(input).map(([name, field]) => {
        if (field.kind !== "int") return null;
        const { min, max } = boundsOf(field);
        return (
          <label key={name} class="row">
            {name}
            <input
              type="number"
              min={min}
              max={max}
              value={Number(values[name] ?? 0)}
              onInput={({ currentTarget: { valueAsNumber: value } }) => {
                if (Number.isInteger(value) && value >= min && value <= max) onChange({ ...values, [name]: value });
              }}
            />
          </label>
        );
      })}
    </>
  );
}

/** As far as the rules say it without chance: a game's `accepts` may want more than this page has, and then the server decides. */
function isAllowed(game: Game, feed: Feed, state: StateOf<Fields> | undefined, move: Plain): boolean {
  if (!game.accepts || !state || feed.seat === undefined) return state !== undefined;
  const context = { seats: feed.names.length, options: feed.options } as unknown as GameContext;
  try {
    return game.accepts(state, feed.seat, move as StateOf<Fields>, context);
  } catch {
    return true;
  }
}
