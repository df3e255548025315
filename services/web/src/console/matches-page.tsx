// Matches by state and queue, or one player's; cancelling one that is stuck.
import { useSignal } from "@preact/signals";
import { modeName, seatName } from "../matches/names.ts";
import { client } from "../session/session.ts";
import { dateText, text } from "../text/index.ts";
import { Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { usePages } from "../ui/pages-of.ts";
import { ask, type Schemas } from "./api.ts";
import { useOrders } from "./orders.tsx";
import { Select, Table, Who } from "./parts.tsx";
import { may } from "./routes.ts";
import { words } from "./words.ts";

type State = Schemas["MatchState"];
type Row = Schemas["AdminMatchPage"]["matches"][number];

const STATES: readonly State[] = ["running", "ended", "cancelled"];

/** `id`: only this player's. */
export function MatchesPage({ id }: { readonly id: string | undefined }) {
  const { matches: say, sections, actions } = words.value;
  const [state, mode] = [useSignal<State>("running"), useSignal("")];
  const modes = useLoaded(() => client.modes(), []);
  const pages = usePages(
    async (cursor) => {
      const which = id === undefined ? { state: state.value, mode: mode.value || undefined } : { playerId: id };
      const page = await ask("listMatches", { query: { ...which, cursor } });
      return { items: page.matches, nextCursor: page.nextCursor };
    },
    [id, state.value, mode.value],
  );
  const orders = useOrders(pages.reload);
  const cancel = ({ match }: Row): void =>
    orders.give({
      question: say.cancelAsk(match.participants.map(seatName).join(` ${text.value.match.versus} `)),
      yes: say.cancel,
      async send(reason) {
        await ask("cancelMatch", { params: { matchId: match.matchId }, body: { reason } });
        return say.cancelled;
      },
    });
  return (
    <Page title={sections.matches} intro={say.intro}>
      {id !== undefined && (
        <p>
          {say.of} <Who id={id} />
        </p>
      )}
      <div class="row">
        {id === undefined && (
          <>
            <Select
              id="state"
              label={say.state}
              value={state.value}
              options={STATES.map((one) => [one, say.states[one]])}
              onChange={(value) => (state.value = value as State)}
            />
            <Select
              id="mode"
              label={say.mode}
              value={mode.value}
              options={[
                ["", say.all],
                ...(modes.value ?? []).map((one): [string, string] => [one.mode, modeName(one.mode)]),
              ]}
              onChange={(value) => (mode.value = value)}
            />
          </>
        )}
        <button type="button" class="button" disabled={pages.loading} onClick={pages.reload}>
          {words.value.refresh}
        </button>
      </div>
      {orders.view}
      <Listed pages={pages} empty={say.empty}>
        {(rows) => (
          <Table label={sections.matches} heads={[say.began, say.mode, say.players, say.state, say.shard, actions]}>
            {rows.map((row) => (
              <MatchRow key={row.match.matchId} row={row} cancel={() => cancel(row)} />
            ))}
          </Table>
        )}
      </Listed>
    </Page>
  );
}

function MatchRow({ row, cancel }: { readonly row: Row; readonly cancel: () => void }) {
  const { matches: say } = words.value;
  const { match, shardId, epoch } = row;
  const { matchId, mode, state, participants, createdAt } = match;
  const running = state === "running";
  return (
    <tr data-match-row={matchId}>
      <td>{dateText(createdAt)}</td>
      <td>{modeName(mode)}</td>
      <td>
        {participants.map((one, i) => (
          <span key={one.seat}>
            {i > 0 && ` ${text.value.match.versus} `}
            {one.bot ? seatName(one) : <a href={`/console/players/${one.playerId}`}>{one.name}</a>}
          </span>
        ))}
      </td>
      <td>{say.states[state]}</td>
      <td>
        <code title={shardId}>…{shardId.slice(-8)}</code>{" "}
        {epoch > 1 && <span class="soft">{say.moved(epoch - 1)}</span>}
      </td>
      <td>
        <div class="row">
          <a href={running ? `/watch/${matchId}` : `/matches/${matchId}`}>{running ? say.watch : say.replay}</a>
          {running && may("cancelMatch") && (
            <button type="button" class="button danger" onClick={cancel}>
              {say.cancel}
            </button>
          )}
        </div>
      </td>
    </tr>
  );
}
