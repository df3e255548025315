// Buttons that are held: keys, touch areas and gamepads together. A button is down while any of them holds it.
export interface ButtonBinding {
  /** KeyboardEvent.code, so that it is the same place on every keyboard. */
  readonly keys: readonly string[];
  readonly pad: (pad: Gamepad) => boolean;
}

export class HeldButtons<Name extends string> {
  readonly #bindings: Readonly<Record<Name, ButtonBinding>>;
  readonly #keys = new Set<string>();
  readonly #touched = new Set<Name>();
  readonly #listening = new AbortController();

  constructor(bindings: Readonly<Record<Name, ButtonBinding>>) {
    this.#bindings = bindings;
    const { signal } = this.#listening;
    const bound = new Set(Object.values<ButtonBinding>(bindings).flatMap(({ keys }) => keys));
    addEventListener(
      "keydown",
      (event) => {
        if (!bound.has(event.code) || event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return;
        this.#keys.add(event.code);
        // Otherwise the arrow keys and the space bar scroll the page. Buttons and links keep their keys.
        if (!presses(event.target) || event.code !== "Space") event.preventDefault();
      },
      { signal },
    );
    addEventListener("keyup", (event) => this.#keys.delete(event.code), { signal });
    addEventListener("blur", () => this.#keys.clear(), { signal }); // its keyup goes to another window
  }

  touch(name: Name, down: boolean): void {
    if (down) this.#touched.add(name);
    else this.#touched.delete(name);
  }

  read(): Record<Name, boolean> {
    const pads = navigator.getGamepads?.().filter((pad) => pad !== null) ?? [];
    const entries = Object.entries<ButtonBinding>(this.#bindings).map(([name, { keys, pad }]) => [
      name,
      this.#touched.has(name as Name) || keys.some((key) => this.#keys.has(key)) || pads.some(pad),
    ]);
    return Object.fromEntries(entries) as Record<Name, boolean>;
  }

  stop(): void {
    this.#listening.abort();
  }
}

function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

function presses(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("button, a, summary");
}
