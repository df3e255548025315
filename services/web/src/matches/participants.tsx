// Who played, and how they came out.
import type { MatchSummary } from "@muster/client";
import { text } from "../text/index.ts";
import { Report } from "../reports/report.tsx";
import { seatName } from "./names.ts";

type Participant = MatchSummary["participants"][number];

/** A link to the player's page; bots have none. */
export function PlayerLink({ one }: { readonly one: Pick<Participant, "playerId" | "name" | "bot"> }) {
  return one.bot ? <span>{seatName(one)}</span> : <a href={`/players/${one.playerId}`}>{one.name}</a>;
}

export function Names({ participants }: Pick<MatchSummary, "participants">) {
  return (
    <>
      {participants.map((one, i) => (
        <span key={one.seat}>
          {i > 0 && ` ${text.value.match.versus} `}
          <PlayerLink one={one} />
        </span>
      ))}
    </>
  );
}

interface ResultTableProps extends Pick<MatchSummary, "participants" | "stateHash"> {
  /** The seat of who looks at it. */
  readonly seat?: number;
  readonly matchId: string;
}

export function ResultTable({ participants, stateHash, seat, matchId }: ResultTableProps) {
  const { result: say } = text.value;
  return (
    <div class="card scroll">
      <table data-result={stateHash}>
        <thead>
          <tr>
            <th data-number>{say.place}</th>
            <th>{say.player}</th>
            <th data-number>{say.score}</th>
          </tr>
        </thead>
        <tbody>
          {participants
            .toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0) || a.seat - b.seat)
            .map((one) => (
              <tr key={one.seat}>
                <td data-number>{one.rank ?? "–"}</td>
                <td>
                  <PlayerLink one={one} /> {one.seat === seat && <span class="tag">{text.value.match.you}</span>}
                  {!one.bot && <Report of={{ playerId: one.playerId, name: one.name, matchId }} />}
                </td>
                <td data-number>{one.score ?? "–"}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
