// The keys that sign access tokens.
import { dateText } from "../text/index.ts";
import { Failure, Loading, Page } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { ask } from "./api.ts";
import { useOrders } from "./orders.tsx";
import { Table } from "./parts.tsx";
import { may } from "./routes.ts";
import { words } from "./words.ts";

export function KeysPage() {
  const { keys: say, sections, actions } = words.value;
  const loaded = useLoaded(() => ask("listSigningKeys", {}), []);
  const orders = useOrders(loaded.retry);
  const keys = loaded.value?.keys;
  const rotate = (): void =>
    orders.give({
      question: say.rotateAsk,
      yes: say.rotate,
      async send(reason) {
        return say.rotated((await ask("rotateSigningKey", { body: { reason } })).kid);
      },
    });
  const revoke = (kid: string): void =>
    orders.give({
      question: say.revokeAsk(kid),
      yes: say.revoke,
      async send(reason) {
        await ask("revokeSigningKey", { params: { kid }, body: { reason } });
        return say.revoked(kid);
      },
    });
  return (
    <Page title={sections.keys} intro={say.intro}>
      {may("rotateSigningKey") && (
        <p>
          <button type="button" class="button primary" onClick={rotate}>
            {say.rotate}
          </button>
        </p>
      )}
      {orders.view}
      {loaded.error !== undefined && <Failure error={loaded.error} retry={loaded.retry} />}
      {!keys && loaded.error === undefined && <Loading />}
      {keys && (
        <Table label={sections.keys} heads={[say.key, say.state, say.since, actions]}>
          {keys.map(({ kid, state, since }) => (
            <tr key={kid} data-key={state}>
              <td>
                <code>{kid}</code>
              </td>
              <td>{say.states[state]}</td>
              <td>{dateText(since)}</td>
              <td>
                {state !== "removed" && may("revokeSigningKey") && (
                  <button
                    type="button"
                    class="button danger"
                    aria-label={`${say.revoke}: ${kid}`}
                    onClick={() => revoke(kid)}
                  >
                    {say.revoke}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Page>
  );
}
