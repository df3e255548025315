// Keys of the page, and what is held down for each seat: by a button of the page, or by a key.
import { signal } from "@preact/signals";
import type { InputField } from "../src/page/messages.ts";
import { game, send, sides, view } from "./state.ts";

export interface HeldField {
  readonly seat: number;
  readonly name: string;
}

/** KeyboardEvent.code, so that it is the same place on every keyboard. One hand each: left for the client on the left. */
const KEYS = [
  { up: "KeyW", left: "KeyA", down: "KeyS", right: "KeyD", others: ["KeyQ", "KeyE", "KeyF", "KeyR", "KeyC", "KeyX"] },
  {
    up: "ArrowUp",
    left: "ArrowLeft",
    down: "ArrowDown",
    right: "ArrowRight",
    others: ["KeyL", "KeyK", "KeyJ", "KeyO", "KeyI", "KeyU"],
  },
] as const;
/** How games call the directions. */
const DIRECTIONS = { up: /up|thrust|forward|jump/i, left: /left/i, down: /down|back|brake/i, right: /right/i } as const;

const held = signal<ReadonlyMap<string, number>>(new Map());

/** The key of each flag. */
export function keysOf(fields: readonly InputField[], side: number): ReadonlyMap<string, string> {
  const keys = KEYS[side] ?? KEYS[0];
  const found = new Map<string, string>();
  const free: string[] = [...keys.others];
  for (const [direction, pattern] of Object.entries(DIRECTIONS)) {
    const field = fields.find(({ name, isFlag }) => isFlag && pattern.test(name) && !found.has(name));
    if (field) found.set(field.name, keys[direction as keyof typeof DIRECTIONS]);
  }
  for (const { name, isFlag } of fields) {
    if (!isFlag || found.has(name)) continue;
    const key = free.shift();
    if (key !== undefined) found.set(name, key);
  }
  return found;
}

export function keyName(code: string): string {
  const arrows: Readonly<Record<string, string>> = { ArrowUp: "↑", ArrowLeft: "←", ArrowDown: "↓", ArrowRight: "→" };
  return arrows[code] ?? code.replace("Key", "");
}

export function isHeld({ seat, name }: HeldField): boolean {
  return (held.value.get(`${seat} ${name}`) ?? 0) !== 0;
}

export function holdButton({ seat, name }: HeldField, value: number): void {
  if ((held.value.get(`${seat} ${name}`) ?? 0) === value) return;
  held.value = new Map(held.value).set(`${seat} ${name}`, value);
  const fields = game.value?.input ?? [];
  const values = Object.fromEntries(fields.map((field) => [field.name, held.value.get(`${seat} ${field.name}`) ?? 0]));
  send({ kind: "input", seat, values });
}

export function listenForKeys(): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || writes(event.target)) return;
    const field = fieldOf(event.code);
    if (field) {
      event.preventDefault(); // the arrow keys scroll the page
      return holdButton(field, 1);
    }
    const shown = view.value;
    if (!shown) return;
    if (event.key === "p") send({ kind: shown.playing ? "pause" : "play" });
    if (event.key === ".") send({ kind: "step" });
    if (event.key === ",") send({ kind: "goTo", tick: Math.max(shown.firstTick, shown.record.tick - 1) });
  });
  addEventListener("keyup", ({ code }) => {
    const field = fieldOf(code);
    if (field && isHeld(field)) holdButton(field, 0);
  });
  // Its keyup goes to another window.
  addEventListener("blur", () => {
    for (const [name, value] of held.value) {
      const [seat = "0", field = ""] = name.split(" ");
      if (value !== 0) holdButton({ seat: Number(seat), name: field }, 0);
    }
  });
}

function fieldOf(code: string): HeldField | undefined {
  const { input, inputMode } = game.value ?? {};
  if (!input || inputMode !== "held") return undefined;
  for (const [side, seat] of sides.value.entries())
    for (const [name, key] of keysOf(input, side)) if (key === code) return { seat, name };
  return undefined;
}

function writes(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
