// A list of somebody's matches: when, against whom, with which result.
import type { ComponentChildren } from "preact";
import { dateText, text } from "../text/index.ts";
import { modeName } from "./names.ts";

export type Outcome = "won" | "lost" | "draw" | "cancelled" | "running";

export interface HistoryRow {
  readonly matchId: string;
  readonly mode: string;
  readonly at: string;
  readonly players: ComponentChildren;
  readonly outcome: Outcome;
  /** What the match did to the rating, if that is known. */
  readonly change?: number | undefined;
}

/** By the ranks of a match that ended. */
export function outcomeOf(own: number | undefined, all: readonly (number | undefined)[]): Outcome {
  if (own !== 1) return "lost";
  return all.filter((rank) => rank === 1).length > 1 ? "draw" : "won";
}

export function HistoryTable({
  label,
  rows,
  rated = false,
}: {
  readonly label: string;
  readonly rows: readonly HistoryRow[];
  readonly rated?: boolean;
}) {
  const { history: say } = text.value.matches;
  return (
    <div class="card scroll" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>{say.when}</th>
            <th>{say.game}</th>
            <th>{say.players}</th>
            <th>{say.result}</th>
            {rated && <th data-number>{say.rating}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ matchId, mode, at, players, outcome, change }) => (
            <tr key={matchId}>
              <td>
                <a href={`/matches/${matchId}`}>{dateText(at)}</a>
              </td>
              <td>{modeName(mode)}</td>
              <td>{players}</td>
              <td class={outcome === "won" ? "good" : outcome === "lost" ? "bad" : "soft"}>{say.outcomes[outcome]}</td>
              {rated && <td data-number>{change === undefined ? "–" : <Change by={change} />}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Change({ by }: { readonly by: number }) {
  return (
    <span class={by >= 0 ? "good" : "bad"}>
      {by >= 0 ? "+" : "−"}
      {Math.abs(by)}
    </span>
  );
}
