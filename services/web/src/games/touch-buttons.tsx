// On-screen buttons for who has no keyboard: shown where the pointer is coarse.
import type { HeldButtons } from "./held-buttons.ts";

const SIGNS: Readonly<Record<string, string>> = { left: "⟲", right: "⟳", thrust: "▲", fire: "✹" };

interface TouchButtonsProps<Name extends string> {
  readonly buttons: HeldButtons<Name>;
  readonly names: Readonly<Record<Name, string>>;
  /** With their names instead of signs, and for every pointer. */
  readonly plain?: boolean;
}

export function TouchButtons<Name extends string>({ buttons, names, plain = false }: TouchButtonsProps<Name>) {
  return (
    <div class={plain ? "touch plain" : "touch"}>
      {Object.entries<string>(names).map(([name, label]) => (
        <button
          key={name}
          type="button"
          class="button"
          aria-label={label}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            buttons.touch(name as Name, true);
          }}
          onPointerUp={() => buttons.touch(name as Name, false)}
          onPointerCancel={() => buttons.touch(name as Name, false)}
          onContextMenu={(event) => event.preventDefault()}
        >
          {(plain ? undefined : SIGNS[name]) ?? label}
        </button>
      ))}
    </div>
  );
}
