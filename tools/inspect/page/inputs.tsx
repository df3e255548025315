// What a seat sends: buttons that are held, for games whose inputs apply until the next one; otherwise an input at a time.
import { useSignal } from "@preact/signals";
import type { InputField, InputValues, ShownGame, View } from "../src/page/messages.ts";
import { type HeldField, holdButton, isHeld, keyName, keysOf } from "./keys.ts";
import { send } from "./state.ts";

/** A single number with so few values has a button for each. */
const BUTTONS_MAX = 16;

interface Props {
  readonly side: number;
  readonly seat: number;
  readonly game: ShownGame;
  readonly view: View;
}

export function Inputs({ side, seat, game, view }: Props) {
  const { input } = game;
  const got = view.record.inputs[seat];
  const sent = view.record.sent.includes(seat);
  return (
    <div class="stack-s">
      {input &&
        (game.inputMode === "held" ? (
          <HeldInputs side={side} seat={seat} fields={input} />
        ) : (
          <Moves seat={seat} fields={input} />
        ))}
      <p class="soft wrap" data-input>
        Input of tick {view.record.tick}: {got ? <code>{JSON.stringify(got)}</code> : "none"}
        {sent && ", arrived now"}
        {view.record.refused.includes(seat) && <strong class="bad">, which the rules do not allow (accepts)</strong>}
      </p>
    </div>
  );
}

function HeldInputs({
  side,
  seat,
  fields,
}: {
  readonly side: number;
  readonly seat: number;
  readonly fields: readonly InputField[];
}) {
  const keys = keysOf(fields, side);
  return (
    <div class="row" role="group" aria-label={`Inputs of seat ${seat}`}>
      {fields.map((field) => {
        const held: HeldField = { seat, name: field.name };
        const key = keys.get(field.name);
        return field.isFlag ? (
          <button
            key={field.name}
            type="button"
            class="button"
            data-field={field.name}
            aria-pressed={isHeld(held)}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              holdButton(held, 1);
            }}
            onPointerUp={() => holdButton(held, 0)}
            onPointerCancel={() => holdButton(held, 0)}
            onKeyDown={(event) => {
              if (event.key !== " " && event.key !== "Enter") return;
              event.preventDefault();
              holdButton(held, 1);
            }}
            onKeyUp={(event) => (event.key === " " || event.key === "Enter") && holdButton(held, 0)}
            onBlur={() => isHeld(held) && holdButton(held, 0)}
          >
            {field.name} {key && <kbd>{keyName(key)}</kbd>}
          </button>
        ) : (
          <label key={field.name} class="row">
            {field.name}
            <input
              type="number"
              data-field={field.name}
              min={field.min}
              max={field.max}
              defaultValue={"0"}
              onInput={(event) => holdButton(held, Number(event.currentTarget.value))}
            />
          </label>
        );
      })}
    </div>
  );
}

function Moves({ seat, fields }: { readonly seat: number; readonly fields: readonly InputField[] }) {
  const values = useSignal<InputValues>({});
  const move = (sent: InputValues): void => send({ kind: "input", seat, values: sent });
  const [only] = fields;
  if (only && fields.length === 1 && only.max - only.min < BUTTONS_MAX)
    return (
      <div class="row" role="group" aria-label={`Inputs of seat ${seat}: ${only.name}`}>
        <span>{only.name}</span>
        {Array.from({ length: only.max - only.min + 1 }, (_, i) => only.min + i).map((value) => (
          <button
            key={value}
            type="button"
            class="button"
            data-move={value}
            onClick={() => move({ [only.name]: value })}
          >
            {value}
          </button>
        ))}
      </div>
    );
  const set = (name: string, value: number): void => void (values.value = { ...values.value, [name]: value });
  return (
    <form
      class="row"
      aria-label={`Inputs of seat ${seat}`}
      onSubmit={(event) => {
        event.preventDefault();
        move(values.value);
      }}
    >
      {fields.map(({ name, isFlag, min, max }) => (
        <label key={name} class="row">
          {name}
          {isFlag ? (
            <input
              type="checkbox"
              data-field={name}
              onChange={(event) => set(name, Number(event.currentTarget.checked))}
            />
          ) : (
            <input
              type="number"
              data-field={name}
              min={min}
              max={max}
              defaultValue={String(Math.max(0, min))}
              onInput={(event) => set(name, Number(event.currentTarget.value))}
            />
          )}
        </label>
      ))}
      <button type="submit" class="button">
        Send
      </button>
    </form>
  );
}
