// What the page knows: the game, and the newest view of the match; and how it tells what somebody wants.
import { signal } from "@preact/signals";
import type { Order, ShownGame, View } from "../src/page/messages.ts";

export const game = signal<ShownGame | undefined>(undefined);
export const view = signal<View | undefined>(undefined);
/** The inspection has ended, or restarts. */
export const away = signal(false);
export const refusal = signal<string | undefined>(undefined);
/** The seats that are shown side by side. */
export const sides = signal<readonly number[]>([0, 1]);

export function listen(): void {
  const views = new EventSource("/views");
  views.addEventListener("game", ({ data }: MessageEvent<string>) => (game.value = JSON.parse(data) as ShownGame));
  views.addEventListener("view", ({ data }: MessageEvent<string>) => {
    view.value = JSON.parse(data) as View;
    away.value = false;
  });
  views.addEventListener("error", () => (away.value = true));
}

/** One after the other, in this order. */
let last = Promise.resolve();

export function send(order: Order): void {
  last = last.then(async () => {
    try {
      const headers = { "content-type": "application/json" };
      const answer = await fetch("/orders", { method: "POST", headers, body: JSON.stringify(order) });
      refusal.value = answer.ok ? undefined : await answer.text();
    } catch {
      away.value = true;
    }
  });
}
