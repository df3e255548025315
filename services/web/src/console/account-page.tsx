// One account, and what its operator may do about it.
import { player } from "../session/session.ts";
import { dateText } from "../text/index.ts";
import { Empty, Failure, Loading, Page } from "../ui/index.tsx";
import { useLoaded } from "../ui/loaded.ts";
import { Mutes } from "./account-mutes.tsx";
import { ask, type Schemas } from "./api.ts";
import { banText } from "./ban-text.ts";
import { type Orders, useOrders } from "./orders.tsx";
import { Table } from "./parts.tsx";
import { may, outranks, type Role } from "./routes.ts";
import { words } from "./words.ts";

type Account = Schemas["Account"];

const HOUR_MS = 3_600_000;
const DURATIONS = { hour: 1, day: 24, week: 7 * 24, month: 30 * 24, ever: undefined } as const;
type Duration = keyof typeof DURATIONS;

export function AccountPage({ playerId }: { readonly playerId: string }) {
  const { sections } = words.value;
  const loaded = useLoaded(() => ask("getAccount", { params: { playerId } }), [playerId]);
  const orders = useOrders(loaded.retry);
  const account = loaded.value;
  return (
    <Page title={account?.name ?? sections.players}>
      {loaded.error !== undefined && <Failure error={loaded.error} retry={loaded.retry} />}
      {orders.view}
      {!account && loaded.error === undefined && <Loading />}
      {account && (
        <>
          <Facts account={account} />
          <Actions account={account} orders={orders} />
          {may("listPlayerMutes") && <Mutes account={account} orders={orders} />}
          {may("listPlayerDevices") && <Devices account={account} orders={orders} />}
          {may("listReports") && <Reports playerId={playerId} />}
        </>
      )}
    </Page>
  );
}

function Facts({ account }: { readonly account: Account }) {
  const { players: say } = words.value;
  const { playerId, kind, role, createdAt, ban } = account;
  return (
    <section class="card stack-s" data-account={playerId}>
      <dl class="facts">
        <dt>{say.id}</dt>
        <dd>
          <code class="wrap">{playerId}</code>
        </dd>
        <dt>{say.kind}</dt>
        <dd>{say.kinds[kind]}</dd>
        <dt>{say.role}</dt>
        <dd>{say.roles[role]}</dd>
        <dt>{say.since}</dt>
        <dd>{dateText(createdAt)}</dd>
        <dt>{say.ban}</dt>
        <dd class={ban ? "bad" : ""}>{banText(ban)}</dd>
      </dl>
      <p class="row">
        <a href={`/players/${playerId}`}>{say.public}</a>
        <a href={`/console/matches/${playerId}`}>{say.matches}</a>
      </p>
    </section>
  );
}

interface OfAccount {
  readonly account: Account;
  readonly orders: Orders;
}

function Actions({ account, orders }: OfAccount) {
  const { players: say } = words.value;
  const mayBan = outranks(account.role);
  return (
    <>
      {!mayBan && <p class="soft">{say.protected}</p>}
      <div class="row">
        {mayBan && may("banPlayer") && (
          <button type="button" class="button danger" onClick={() => orders.give(banOf(account))}>
            {say.doBan}
          </button>
        )}
        {mayBan && account.ban && may("unbanPlayer") && (
          <button type="button" class="button" onClick={() => orders.give(unbanOf(account))}>
            {say.doUnban}
          </button>
        )}
        {may("setRole") && account.playerId !== player.value?.playerId && (
          <button type="button" class="button" onClick={() => orders.give(roleOf(account))}>
            {say.doRole}
          </button>
        )}
      </div>
    </>
  );
}

function banOf({ playerId, name }: Account): Parameters<Orders["give"]>[0] {
  const { players: say } = words.value;
  return {
    question: say.banAsk(name),
    yes: say.doBan,
    reason: "player",
    choice: {
      label: say.banFor,
      options: (Object.keys(DURATIONS) as Duration[]).map((key) => [key, say.durations[key]]),
    },
    async send(reason, choice) {
      const hours = DURATIONS[choice as Duration];
      const until = hours === undefined ? {} : { until: new Date(Date.now() + hours * HOUR_MS).toISOString() };
      await ask("banPlayer", { params: { playerId }, body: { reason, ...until } });
      return say.banned(name);
    },
  };
}

function unbanOf({ playerId, name }: Account): Parameters<Orders["give"]>[0] {
  const { players: say } = words.value;
  return {
    question: say.unbanAsk(name),
    yes: say.doUnban,
    async send(reason) {
      await ask("unbanPlayer", { params: { playerId }, body: { reason } });
      return say.unbanned(name);
    },
  };
}

function roleOf({ playerId, name, role }: Account): Parameters<Orders["give"]>[0] {
  const { players: say } = words.value;
  const others = (["player", "moderator", "admin"] as const).filter((one) => one !== role);
  return {
    question: say.roleAsk(name),
    yes: say.doRole,
    choice: { label: say.role, options: others.map((one) => [one, say.roles[one]]) },
    async send(reason, choice) {
      await ask("setRole", { params: { playerId }, body: { role: choice as Role, reason } });
      return say.roleSet(name, say.roles[choice as Role]);
    },
  };
}

function Devices({ account, orders }: OfAccount) {
  const { players: say, actions } = words.value;
  const { playerId, name, role } = account;
  const loaded = useLoaded(() => ask("listPlayerDevices", { params: { playerId } }), [account]);
  const acts = outranks(role) && may("revokePlayerDevice");
  const devices = loaded.value?.devices;
  const end = (deviceId: string, label: string): void =>
    orders.give({
      question: say.endAsk(label),
      yes: say.end,
      async send(reason) {
        await ask("revokePlayerDevice", { params: { playerId, deviceId }, body: { reason } });
        return say.ended(label);
      },
    });
  const endAll = (): void =>
    orders.give({
      question: say.endAllAsk(name),
      yes: say.endAll,
      async send(reason) {
        return say.endedAll((await ask("revokePlayerDevices", { params: { playerId }, body: { reason } })).revoked);
      },
    });
  return (
    <section class="stack-s" aria-labelledby="devices">
      <h2 id="devices">{say.devices}</h2>
      {loaded.error !== undefined && <Failure error={loaded.error} retry={loaded.retry} />}
      {!devices && loaded.error === undefined && <Loading />}
      {devices?.length === 0 && <Empty>{say.noDevices}</Empty>}
      {devices && devices.length > 0 && (
        <Table label={say.devices} heads={[say.device, say.used, say.expires, ...(acts ? [actions] : [])]}>
          {devices.map(({ deviceId, label, lastUsedAt, expiresAt }) => (
            <tr key={deviceId}>
              <td>{label || say.unnamed}</td>
              <td>{dateText(lastUsedAt)}</td>
              <td>{dateText(expiresAt)}</td>
              {acts && (
                <td>
                  <button type="button" class="button" onClick={() => end(deviceId, label || say.unnamed)}>
                    {say.end}
                  </button>
                </td>
              )}
            </tr>
          ))}
        </Table>
      )}
      {acts && devices && devices.length > 1 && may("revokePlayerDevices") && (
        <p>
          <button type="button" class="button danger" onClick={endAll}>
            {say.endAll}
          </button>
        </p>
      )}
    </section>
  );
}

function Reports({ playerId }: { readonly playerId: string }) {
  const { players: say, reports } = words.value;
  const loaded = useLoaded(() => ask("listReports", { query: { playerId } }), [playerId]);
  return (
    <section class="stack-s" aria-labelledby="reports">
      <h2 id="reports">{say.reports}</h2>
      {loaded.error !== undefined && <Failure error={loaded.error} retry={loaded.retry} />}
      {!loaded.value && loaded.error === undefined && <Loading />}
      {loaded.value?.reports.length === 0 && <p class="soft">{say.noReports}</p>}
      <ul class="stack-s">
        {loaded.value?.reports.map(({ reportId, category, createdAt, comment }) => (
          <li key={reportId}>
            <a href="/console/reports">
              {reports.categories[category]}, {dateText(createdAt)}
            </a>{" "}
            {comment}
          </li>
        ))}
      </ul>
    </section>
  );
}
