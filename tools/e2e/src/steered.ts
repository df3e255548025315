// A duel that a page plays without a keyboard, seen by the other player.
import { must } from "@muster/errors";
import type { duel } from "@muster/game-duel";
import type { StateOf } from "@muster/game-kit";
import { until } from "@muster/testkit";
import type { Page } from "playwright-core";
import type { DuelMatch } from "./players.ts";

/** Fingers, two at once, and then a gamepad turn and thrust the page's ship and fire. `match`: the other player's. */
export async function expectSteered(page: Page, match: DuelMatch): Promise<void> {
  const seat = 1 - match.seat;
  const ship = (): StateOf<typeof duel.state>["ships"][number] => must(match.latest?.state.ships[seat], "no ship");
  const bullets = (): number => match.latest?.state.bullets.filter(({ live }) => live).length ?? 0;
  const becomes = (what: string, isSo: () => boolean): Promise<void> =>
    until(() => (isSo() ? undefined : `${what}: ${JSON.stringify(ship())}`), 10_000);
  /** Many looks show the same. */
  const turnsNoMore = async (): Promise<void> => {
    let [angle, same] = [-1, 0];
    await until(() => {
      same = ship().angle === angle ? same + 1 : 0;
      ({ angle } = ship());
      return same > 20 ? undefined : `it still turns: ${angle}`;
    }, 10_000);
  };
  const cdp = await page.context().newCDPSession(page);
  const touch = async (...names: string[]): Promise<void> => {
    const boxes = await Promise.all(names.map((name) => page.getByRole("button", { name }).boundingBox()));
    const touchPoints = boxes.map((box, id) => {
      const { x, y, width, height } = must(box, `no button ${names[id]}`);
      return { x: x + width / 2, y: y + height / 2, id };
    });
    await cdp.send("Input.dispatchTouchEvent", { type: names.length > 0 ? "touchStart" : "touchEnd", touchPoints });
  };
  await becomes("it is there", () => match.latest !== undefined);
  const before = ship().angle;
  await touch("Turn left");
  await becomes("turned by a finger", () => ship().angle !== before);
  await touch();
  await turnsNoMore();
  await touch("Thrust", "Fire");
  await becomes("two fingers at once", () => (ship().vx !== 0 || ship().vy !== 0) && bullets() > 0);
  await touch();
  await becomes("fires no more", () => bullets() === 0);

  const pad = (axis: number, button: number | undefined): Promise<void> =>
    page.evaluate(`(() => {
      const buttons = Array.from({ length: 17 }, (_, i) => ({ pressed: i === ${button}, touched: false, value: 0 }));
      navigator.getGamepads = () => [null, { axes: [${axis}, 0, 0, 0], buttons, connected: true }];
    })()`);
  const straight = ship().angle;
  await pad(1, undefined);
  await becomes("turned by a stick", () => ship().angle !== straight);
  await pad(0.2, undefined); // a stick is never quite in the middle
  await turnsNoMore();
  await pad(0, 0);
  await becomes("fired by a button", () => bullets() > 0);
}
