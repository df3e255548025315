// What has a place in the state, as dots: elements of a list with one for each player in the players' colours.
import type { Fields, ListField, StateOf } from "@muster/game-kit";
import type { Feed } from "../../play/feed.ts";
import { text } from "../../text/index.ts";
import { Canvas, type Pen } from "../canvas.tsx";
import { listsOf, type Place, type Plain, shareOf } from "./derived.ts";

const MARGIN = 12;
const RADIUS = 5;
/** Further than this share of the field in one tick is no movement: it came back on the other side, or elsewhere. */
const JUMP = 0.25;

interface DotsProps {
  readonly fields: Fields;
  readonly places: readonly Place[];
  readonly feed: Feed;
}

export function Dots({ fields, places, feed }: DotsProps) {
  const lists = new Map(listsOf(fields));
  return (
    <Canvas
      label={text.value.match.board}
      draw={(pen) => {
        const { now, context, size } = pen;
        const moment = feed.moment(now);
        const own = feed.predicted(now);
        context.clearRect(0, 0, size, size);
        if (!moment) return;
        for (const place of places) {
          const list = lists.get(place.list) as ListField;
          const perPlayer = list.length === feed.names.length;
          for (let i = 0; i < list.length; i++) {
            const { from, to, share } = perPlayer && i === feed.seat && own ? own : moment;
            const [before, after] = [element(from, place.list, i), element(to, place.list, i)];
            const at = (name: string): number => between(list.fields, name, before, after, share);
            const x = at(place.x);
            const y = place.y === undefined ? (i + 0.5) / list.length : at(place.y);
            const isHollow = place.inUse !== undefined && after[place.inUse] === false;
            dot(pen, x, y, perPlayer ? `--seat-${i % 2}` : "--ink-soft", isHollow);
          }
        }
      }}
    />
  );
}

function element(state: StateOf<Fields>, list: string, i: number): Plain {
  return (state[list] as unknown as readonly Plain[])[i] as Plain;
}

function between(fields: Fields, name: string, before: Plain, after: Plain, share: number): number {
  const [a, b] = [shareOf(fields[name], before[name]), shareOf(fields[name], after[name])];
  return Math.abs(b - a) > JUMP ? b : a + (b - a) * share;
}

function dot({ context, size, colour }: Pen, x: number, y: number, name: string, isHollow: boolean): void {
  const inside = size - 2 * MARGIN;
  context.beginPath();
  context.arc(MARGIN + x * inside, MARGIN + y * inside, RADIUS, 0, 2 * Math.PI);
  context.fillStyle = context.strokeStyle = colour(name);
  if (isHollow) context.stroke();
  else context.fill();
}
