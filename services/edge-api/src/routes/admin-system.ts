// For operators: the processes, the gateways and shards, and the queues.
import type { GatewayState, ShardState, TicketState } from "@muster/contracts/matchmaking/v2";
import { AppError, must } from "@muster/errors";
import type { InstanceHealth, StatusReport, SystemHealth } from "../system-health.ts";
import type { Call, Clients, Handlers, Schemas } from "./handler.ts";
import { carryOut, permit } from "./operator.ts";

type Instance = Schemas["ProcessOverview"]["instances"][number];
type Status = Schemas["ProcessOverview"]["status"];
type ShardOrder = "drainShard" | "undrainShard";
type GatewayOrder = "drainGateway" | "undrainGateway";

export const systemAdminHandlers: Handlers<
  "getSystem" | "listQueues" | "listTickets" | "removeTicket" | ShardOrder | GatewayOrder
> = {
  async getSystem(call, clients) {
    await permit(call, "getSystem", clients);
    const [health, topology] = await Promise.all([clients.systemHealth(), topologyOf(clients)]);
    return { status: 200, body: { status: health.status, processes: processesJson(health), topology } };
  },

  async listQueues(call, clients) {
    await permit(call, "listQueues", clients);
    const { queues } = await clients.matchmaking.listQueues({});
    return {
      status: 200,
      body: {
        queues: queues.map(({ mode, gameId, seats, waiting, longestWaitMs, medianWaitMs }) => ({
          mode,
          gameId,
          seats,
          waiting,
          longestWaitMs,
          medianWaitMs,
        })),
      },
    };
  },

  async listTickets(call, clients) {
    await permit(call, "listTickets", clients);
    const { limit, afterArrival } = call.query;
    const { tickets, more } = await clients.matchmaking.listTickets({
      mode: call.params.mode,
      pageSize: must(limit, "it has a default"),
      afterArrival: BigInt(must(afterArrival, "it has a default")),
    });
    return { status: 200, body: { tickets: tickets.map(ticketJson), more } };
  },

  removeTicket(call, clients) {
    const { ticketId } = call.params;
    const remove = (dryRun: boolean): Promise<unknown> => clients.matchmaking.removeTicket({ ticketId, dryRun });
    const order = { operation: "removeTicket", target: ticketId, reason: call.body.reason } as const;
    return carryOut(call, { ...order, check: () => remove(true), act: () => remove(false) }, clients);
  },

  drainShard: (call, clients) => drainShard(call, "drainShard", clients),
  undrainShard: (call, clients) => drainShard(call, "undrainShard", clients),
  drainGateway: (call, clients) => drainGateway(call, "drainGateway", clients),
  undrainGateway: (call, clients) => drainGateway(call, "undrainGateway", clients),
};

function drainShard(call: Call<ShardOrder>, operation: ShardOrder, clients: Clients): Promise<{ status: 204 }> {
  const { shardId } = call.params;
  const on = operation === "drainShard";
  const drain = (dryRun: boolean): Promise<unknown> => clients.matchmaking.drainShard({ shardId, on, dryRun });
  const order = { operation, target: shardId, reason: call.body.reason };
  return carryOut(call, { ...order, check: () => drain(true), act: () => drain(false) }, clients);
}

function drainGateway(call: Call<GatewayOrder>, operation: GatewayOrder, clients: Clients): Promise<{ status: 204 }> {
  const { gatewayId } = call.params;
  const on = operation === "drainGateway";
  const drain = (dryRun: boolean): Promise<unknown> => clients.matchmaking.drainGateway({ gatewayId, on, dryRun });
  const order = { operation, target: gatewayId, reason: call.body.reason };
  return carryOut(call, { ...order, check: () => drain(true), act: () => drain(false) }, clients);
}

/** A page about what is wrong must not fail because something is. */
async function topologyOf({ matchmaking }: Clients): Promise<Schemas["SystemOverview"]["topology"]> {
  try {
    const { gateways, shards } = await matchmaking.getTopology({});
    return { gateways: gateways.map(gatewayJson), shards: shards.map(shardJson) };
  } catch (err) {
    if (!(err instanceof AppError)) throw err;
    return { problem: `The matchmaker does not answer: ${err.message}`, gateways: [], shards: [] };
  }
}

function processesJson({ processes, instances }: SystemHealth): Schemas["ProcessOverview"][] {
  return Object.entries(processes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, answer]) => ({ name, ...stateOf(answer), instances: (instances[name] ?? []).map(instanceJson) }));
}

function instanceJson({ address, answer, said }: InstanceHealth): Instance {
  const { instanceId, version, startedAt } = said?.about ?? {};
  return {
    address,
    ...stateOf(answer),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(version === undefined ? {} : { version }),
    ...(startedAt === undefined ? {} : { startedAt }),
    dependencies: said ? dependenciesOf(said) : [],
  };
}

function dependenciesOf(said: StatusReport): Instance["dependencies"] {
  const { failures = {}, missing = {}, waiting = {}, readyDependsOn = [], peers = [], waitsFor = [] } = said;
  const of = (
    names: readonly string[],
    need: Instance["dependencies"][number]["need"],
    problems: Readonly<Record<string, string>>,
  ): Instance["dependencies"] =>
    [...new Set([...names, ...Object.keys(problems)])].map((name) => {
      const problem = problems[name];
      return { name, need, ...(problem === undefined ? {} : { problem }) };
    });
  return [...of(readyDependsOn, "own", failures), ...of(peers, "peer", missing), ...of(waitsFor, "later", waiting)];
}

function stateOf(answer: string): { status: Status; problem?: string } {
  if (answer === "ok") return { status: "ok" };
  return { status: answer.startsWith("degraded: ") ? "degraded" : "unhealthy", problem: answer };
}

function gatewayJson({ gatewayId, load, tickets, links, takesDrain }: GatewayState): Schemas["GatewayOverview"] {
  const { connections, players, capacity } = load ?? {};
  const known = connections === undefined || players === undefined || capacity === undefined;
  return {
    gatewayId,
    ...(known ? {} : { connections, players, capacity }),
    tickets,
    links,
    draining: load?.draining ?? false,
    drainable: takesDrain,
  };
}

function shardJson(shard: ShardState): Schemas["ShardOverview"] {
  const { shardId, address, region, matches, capacity, draining, evacuating, silentMs, games, takesDrain } = shard;
  return {
    shardId,
    address,
    ...(region === "" ? {} : { region }),
    matches,
    capacity,
    draining,
    evacuating,
    silentMs,
    games: games.map(({ gameId, buildId }) => ({ gameId, buildId })),
    drainable: takesDrain,
  };
}

function ticketJson(ticket: TicketState): Schemas["TicketPage"]["tickets"][number] {
  const { ticketId, playerId, playerName, gatewayId, region, rating, waitedMs, arrival, apart } = ticket;
  const shown = { ticketId, playerId, playerName, gatewayId, rating, waitedMs, arrival: Number(arrival), apart };
  return { ...shown, ...(region === "" ? {} : { region }) };
}
