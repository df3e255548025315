// A player's rating over time. The plot is for eyes; the table says the same to everybody.
import type { RatingHistoryPage } from "@muster/client";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../ui/settings.tsx";
import { dateText, text } from "../text/index.ts";
import { Change } from "./history-table.tsx";

const HEIGHT = 224;

/** `points`: newest first. */
export function RatingPlot({ points }: Pick<RatingHistoryPage, "points">) {
  const { board: say } = text.value.matches;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const [line, ink, grid] = ["--accent", "--ink-soft", "--line"].map((name) => colourOf(element, name));
    const old = points.toReversed();
    const axis = { stroke: ink, grid: { stroke: grid }, ticks: { stroke: grid } } as uPlot.Axis;
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false } },
        axes: [{ ...axis, incrs: [1, 2, 5, 10, 20, 50] }, axis],
        series: [{}, { stroke: line ?? "", width: 2, points: { show: true } }],
      },
      [old.map((_, i) => i + 1), old.map(({ rating }) => rating.display)],
      element,
    );
    const sizes = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      plot.destroy();
    };
  }, [points, theme.value]);
  return (
    <section class="stack" aria-labelledby="rating-history">
      <h2 id="rating-history">{say.history}</h2>
      <div ref={box} class="plot" aria-hidden="true" />
      <details>
        <summary>{say.historyTable}</summary>
        <table>
          <thead>
            <tr>
              <th>{say.after}</th>
              <th data-number>{say.rating}</th>
              <th data-number>{say.change}</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ matchId, endedAt, rating, displayBefore }) => (
              <tr key={matchId}>
                <td>
                  <a href={`/matches/${matchId}`}>{dateText(endedAt)}</a>
                </td>
                <td data-number>{rating.display}</td>
                <td data-number>
                  <Change by={rating.display - displayBefore} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
