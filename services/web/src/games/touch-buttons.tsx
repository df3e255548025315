// On-screen buttons for who has no keyboard: shown where the pointer is coarse.
import type { HeldButtons } from "./held-buttons.ts";

const SIGNS: Readonly<Record<string, string>> = { left: "⟲", right: "⟳", thrust: "▲", fire: "✹" };

export function TouchButtons<Name extends string>({
  buttons,
  names,
}: {
  readonly buttons: HeldButtons<Name>;
  readonly names: Readonly<Record<Name, string>>;
}) {
  return (
    <div class="touch">
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
          {SIGNS[name] ?? label}
        </button>
      ))}
    </div>
  );
}
