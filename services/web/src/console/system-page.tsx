// Health, load and topology, live; drains.
import { useState } from "preact/hooks";
import { Empty, Failure, Loading, Page } from "../ui/index.tsx";
import { ask, type Schemas } from "./api.ts";
import { useLive } from "./live.ts";
import { type Order, useOrders } from "./orders.tsx";
import { Table } from "./parts.tsx";
import { may } from "./routes.ts";
import { spanText, words } from "./words.ts";

type Overview = Schemas["SystemOverview"];
type Process = Overview["processes"][number];
type Gateway = Overview["topology"]["gateways"][number];
type Shard = Overview["topology"]["shards"][number];
type Give = (order: Order) => void;

const COLOURS = { ok: "good", degraded: "", unhealthy: "bad" } as const;

export function SystemPage() {
  const { system: say, sections } = words.value;
  const live = useLive(() => ask("getSystem", {}), []);
  const orders = useOrders(live.refresh);
  const now = live.value;
  return (
    <Page title={sections.system} intro={say.intro}>
      {live.error !== undefined && <Failure error={live.error} retry={live.refresh} />}
      {orders.view}
      {!now && live.error === undefined && <Loading />}
      {now && (
        <>
          <p class={`card ${COLOURS[now.status]}`} data-status={now.status}>
            {say.states[now.status]}
          </p>
          <Processes processes={now.processes} />
          {now.topology.problem !== undefined && <p class="notice error">{now.topology.problem}</p>}
          {now.topology.problem === undefined && (
            <>
              <Gateways gateways={now.topology.gateways} give={orders.give} />
              <Shards shards={now.topology.shards} give={orders.give} />
            </>
          )}
        </>
      )}
    </Page>
  );
}

function Processes({ processes }: { readonly processes: readonly Process[] }) {
  const { system: say, none } = words.value;
  return (
    <section class="stack-s" aria-labelledby="processes">
      <h2 id="processes">{say.processes}</h2>
      <Table label={say.processes} heads={[say.process, say.status, say.release, say.instances, say.missing]}>
        {processes.map((one) => (
          <tr key={one.name} data-process={one.name}>
            <td>{one.name}</td>
            <td class={COLOURS[one.status]}>{say.short[one.status]}</td>
            <td>{[...new Set(one.instances.map(({ version }) => version ?? none))].join(", ")}</td>
            <td>{one.instances.length}</td>
            <td>
              <Missing process={one} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Missing({ process }: { readonly process: Process }) {
  const several = process.instances.length > 1;
  const found = process.instances.flatMap(({ address, problem, dependencies }) => {
    const missing = dependencies.filter((one) => one.problem !== undefined).map((one) => `${one.name}: ${one.problem}`);
    const said = missing.length > 0 ? missing : problem === undefined ? [] : [problem];
    return several ? said.map((line) => `${address}: ${line}`) : said;
  });
  const problems = found.length > 0 || process.problem === undefined ? found : [process.problem];
  if (problems.length === 0) return <>{words.value.none}</>;
  return (
    <ul class="stack-s">
      {problems.map((problem) => (
        <li key={problem}>{problem}</li>
      ))}
    </ul>
  );
}

function Gateways({ gateways, give }: { readonly gateways: readonly Gateway[]; readonly give: Give }) {
  const { system: say, none, actions } = words.value;
  const acts = may("drainGateway");
  const order = (operation: "drainGateway" | "undrainGateway", gatewayId: string): void =>
    give({
      question: say[operation](gatewayId),
      yes: operation === "drainGateway" ? say.drain : say.undrain,
      async send(reason) {
        await ask(operation, { params: { gatewayId }, body: { reason } });
        return (operation === "drainGateway" ? say.drained : say.undrained)(gatewayId);
      },
    });
  return (
    <section class="stack-s" aria-labelledby="gateways">
      <h2 id="gateways">{say.gateways}</h2>
      {gateways.length === 0 && <Empty>{say.noGateways}</Empty>}
      {gateways.length > 0 && (
        <Table
          label={say.gateways}
          heads={[say.gateway, say.state, say.sockets, say.players, ...(acts ? [actions] : [])]}
        >
          {gateways.map((one) => (
            <tr key={one.gatewayId} data-gateway={one.gatewayId}>
              <td>
                <Id id={one.gatewayId} />
              </td>
              <td>{one.draining ? say.draining : say.working}</td>
              <td>
                {one.connections === undefined || one.capacity === undefined
                  ? none
                  : say.of(one.connections, one.capacity)}
              </td>
              <td>{one.players ?? none}</td>
              {acts && (
                <td>
                  <Drain
                    {...one}
                    id={one.gatewayId}
                    order={(undo) => order(undo ? "undrainGateway" : "drainGateway", one.gatewayId)}
                  />
                </td>
              )}
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function Shards({ shards, give }: { readonly shards: readonly Shard[]; readonly give: Give }) {
  const { system: say, actions } = words.value;
  const acts = may("drainShard");
  const order = (operation: "drainShard" | "undrainShard", shardId: string): void =>
    give({
      question: say[operation](shardId),
      yes: operation === "drainShard" ? say.drain : say.undrain,
      async send(reason) {
        await ask(operation, { params: { shardId }, body: { reason } });
        return (operation === "drainShard" ? say.drained : say.undrained)(shardId);
      },
    });
  return (
    <section class="stack-s" aria-labelledby="shards">
      <h2 id="shards">{say.shards}</h2>
      {shards.length === 0 && <Empty>{say.noShards}</Empty>}
      {shards.length > 0 && (
        <Table
          label={say.shards}
          heads={[say.shard, say.state, say.matches, say.games, say.heard, ...(acts ? [actions] : [])]}
        >
          {shards.map((one) => (
            <tr key={one.shardId} data-shard={one.shardId}>
              <td>
                <Id id={one.shardId} /> <span class="soft">{[one.region, one.address].filter(Boolean).join(", ")}</span>
              </td>
              <td>{one.evacuating ? say.evacuating : one.draining ? say.draining : say.working}</td>
              <td>{say.of(one.matches, one.capacity)}</td>
              <td>{one.games.map(({ gameId }) => gameId).join(", ")}</td>
              <td>{say.ago(spanText(one.silentMs))}</td>
              {acts && (
                <td>
                  <Drain
                    {...one}
                    id={one.shardId}
                    order={(undo) => order(undo ? "undrainShard" : "drainShard", one.shardId)}
                  />
                </td>
              )}
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function Drain({
  id,
  draining,
  drainable,
  order,
}: {
  readonly id: string;
  readonly draining: boolean;
  readonly drainable: boolean;
  readonly order: (undo: boolean) => void;
}) {
  const { system: say } = words.value;
  if (!drainable) return <span class="soft">{say.old}</span>;
  const label = draining ? say.undrain : say.drain;
  return (
    <button type="button" class="button" aria-label={`${label}: ${id}`} onClick={() => order(draining)}>
      {label}
    </button>
  );
}

const ID_SHOWN = 8;

/** Its end, which tells two apart; the whole of it by a press. */
function Id({ id }: { readonly id: string }) {
  const [whole, setWhole] = useState(false);
  return (
    <button type="button" class="quiet" title={id} aria-label={id} onClick={() => setWhole(!whole)}>
      <code>{whole || id.length <= ID_SHOWN ? id : `…${id.slice(-ID_SHOWN)}`}</code>
    </button>
  );
}
