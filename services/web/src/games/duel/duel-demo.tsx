// Two bots in a duel, for the start page. Without motion for who asked for that.
import { duel } from "@muster/game-duel";
import { useEffect, useMemo } from "preact/hooks";
import { DemoFeed } from "../../play/demo-feed.ts";
import { text } from "../../text/index.ts";
import { Canvas } from "../canvas.tsx";
import { DuelPainter } from "./duel-painter.ts";

export function DuelDemo() {
  const feed = useMemo(() => new DemoFeed(duel, "ace"), []);
  const painter = useMemo(() => new DuelPainter(undefined), []);
  const still = useMemo(() => matchMedia("(prefers-reduced-motion: reduce)"), []);
  useEffect(() => {
    let before: Parameters<DuelPainter["happened"]>[0];
    feed.onState((state) => {
      painter.happened(before, state, performance.now());
      before = state;
    });
    return () => feed.stop();
  }, [feed]);
  return (
    <Canvas
      label={text.value.play.demo}
      look="space"
      draw={(pen) =>
        painter.draw(pen, feed.moment(still.matches ? 0 : pen.now), undefined, (x, y) => [x, y], undefined)
      }
    />
  );
}
