// The queues, live, and who waits in one of them.
import { modeName } from "../matches/names.ts";
import { Empty, Failure, Loading, Page } from "../ui/index.tsx";
import { Listed } from "../ui/listed.tsx";
import { usePages } from "../ui/pages-of.ts";
import { ask } from "./api.ts";
import { useLive } from "./live.ts";
import { useOrders } from "./orders.tsx";
import { Table } from "./parts.tsx";
import { may } from "./routes.ts";
import { spanText, words } from "./words.ts";

/** `id`: a mode. */
export function QueuesPage({ id }: { readonly id: string | undefined }) {
  return id === undefined ? <Queues /> : <Tickets mode={id} />;
}

function Queues() {
  const { queues: say, sections } = words.value;
  const live = useLive(() => ask("listQueues", {}), []);
  const queues = live.value?.queues;
  return (
    <Page title={sections.queues} intro={say.intro}>
      {live.error !== undefined && <Failure error={live.error} retry={live.refresh} />}
      {!queues && live.error === undefined && <Loading />}
      {queues?.length === 0 && <Empty>{say.empty}</Empty>}
      {queues && queues.length > 0 && (
        <Table label={sections.queues} heads={[say.mode, say.game, say.seats, say.waiting, say.median, say.longest]}>
          {queues.map((one) => (
            <tr key={one.mode} data-queue={one.mode}>
              <td>
                <a href={`/console/queues/${one.mode}`}>{modeName(one.mode)}</a>
              </td>
              <td>{one.gameId}</td>
              <td>{one.seats}</td>
              <td>{one.waiting}</td>
              <td>{spanText(one.medianWaitMs)}</td>
              <td>{spanText(one.longestWaitMs)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Page>
  );
}

function Tickets({ mode }: { readonly mode: string }) {
  const { queues: say, none, actions, refresh } = words.value;
  const pages = usePages(
    async (cursor) => {
      const afterArrival = cursor === undefined ? undefined : Number(cursor);
      const { tickets, more } = await ask("listTickets", { params: { mode }, query: { afterArrival } });
      return { items: tickets, nextCursor: more ? String(tickets.at(-1)?.arrival) : undefined };
    },
    [mode],
  );
  const orders = useOrders(pages.reload);
  const acts = may("removeTicket");
  const remove = (ticketId: string, name: string): void =>
    orders.give({
      question: say.removeAsk(name),
      yes: say.remove,
      async send(reason) {
        await ask("removeTicket", { params: { ticketId }, body: { reason } });
        return say.removed(name);
      },
    });
  return (
    <Page title={say.tickets(modeName(mode))}>
      <div class="row">
        <a href="/console/queues">{say.back}</a>
        <button type="button" class="button" disabled={pages.loading} onClick={pages.reload}>
          {refresh}
        </button>
      </div>
      {orders.view}
      <Listed pages={pages} empty={say.noTickets}>
        {(tickets) => (
          <Table
            label={say.tickets(modeName(mode))}
            heads={[say.player, say.rating, say.region, say.waited, ...(acts ? [actions] : [])]}
          >
            {tickets.map((one) => (
              <tr key={one.ticketId} data-ticket={one.ticketId}>
                <td>
                  <a href={`/console/players/${one.playerId}`}>{one.playerName}</a>{" "}
                  {one.apart && <span class="soft">{say.apart}</span>}
                </td>
                <td>{one.rating}</td>
                <td>{one.region ?? none}</td>
                <td>{spanText(one.waitedMs)}</td>
                {acts && (
                  <td>
                    <button type="button" class="button" onClick={() => remove(one.ticketId, one.playerName)}>
                      {say.remove}
                    </button>
                  </td>
                )}
              </tr>
            ))}
          </Table>
        )}
      </Listed>
    </Page>
  );
}
