// This gateway's session with the matchmaker: the queue, and where matches run. The gateway is the authority on its tickets:
// whenever the session opens, it submits all of them again, with the time that they have already waited.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type {
  Assignment,
  GatewayLoadSchema,
  GatewaySessionRequestSchema,
  GatewaySessionResponse,
  MatchmakingService,
  PausedQueue,
  RelocatedMatch,
} from "@muster/contracts/matchmaking/v2";
import type { Logger } from "@muster/log";
import { openSession } from "@muster/rpc";
import type { Component } from "@muster/runtime";
import type { RelocateRequest } from "../matches/question.ts";
import { NEWCOMER, type Rating } from "./ratings.ts";

export interface QueuedTicket {
  readonly ticketId: string;
  readonly playerId: string;
  readonly playerName: string;
  readonly mode: string;
  readonly rating: Rating;
  readonly region: string;
  /** When the wait began, on the clock of performance.now(). */
  readonly since: number;
  readonly traceparent: string;
  /** Of its connection; empty when unknown. */
  readonly address: string;
  /** The player's ticket before a lost connection, or empty. */
  readonly resumeTicketId: string;
  onAssigned(assignment: Assignment): void;
  /** `retryAfterMs`: 0 when it says nothing. */
  onRefused(code: string, retryAfterMs: number): void;
  /** Why nobody is paired in its queue; empty: players are again. */
  onPaused(reason: string): void;
}

export interface MatchmakingSession extends Component {
  /** Undefined while the matchmaker knows us. */
  check(): string | undefined;
  /** There is no such queue, said the matchmaker. */
  lacks(mode: string): boolean;
  submit(ticket: QueuedTicket): void;
  cancel(ticketId: string): void;
  /** Link addresses of the shards that matches may be placed on. */
  linked(addresses: readonly string[]): void;
  /** Asks where matches run. Lost while there is no session: ask again. */
  relocate(requests: readonly RelocateRequest[]): void;
}

type ToMatchmaker = MessageInitShape<typeof GatewaySessionRequestSchema>;

/** A matchmaker that does not read: the stream is closed and opened again. */
const QUEUE_MAX = 50_000;
/** Points per unit of strength, for a matchmaker before v2.1: of a settled player, about those of Elo. */
const POINTS_PER_MU = 29.5;
const REPORT_EVERY_MS = 1000;
/** Matches per message. */
const RELOCATE_MAX = 500;

export function createMatchmakingSession(options: {
  gatewayId: string;
  matchmaker: Client<typeof MatchmakingService>;
  onRelocated: (matches: readonly RelocatedMatch[]) => void;
  /** The shards that are there, by link address: at first, and whenever that changes. */
  onShards: (addresses: readonly string[]) => void;
  /** Link addresses of the shards that there is a link to now. */
  linkedNow: () => readonly string[];
  load: () => MessageInitShape<typeof GatewayLoadSchema>;
  /** An operator's order. */
  onDrain: (on: boolean) => void;
  log: Logger;
}): MatchmakingSession {
  const { gatewayId, matchmaker, onRelocated, onShards, linkedNow, load, onDrain, log } = options;
  const tickets = new Map<string, QueuedTicket>();
  let modes: ReadonlySet<string> | undefined;
  let takesLoad = false;
  /** Why nobody is paired, by mode. */
  let paused: ReadonlyMap<string, string> = new Map();

  const send = (ticket: QueuedTicket): void => {
    const { ticketId, playerId, playerName, mode, rating, region, traceparent, resumeTicketId, address } = ticket;
    const waitedMs = Math.round(performance.now() - ticket.since);
    tell({
      case: "enqueue",
      value: {
        ticketId,
        playerId,
        playerName,
        mode,
        ...rating,
        rating: pointsOf(rating),
        region,
        traceparent,
        waitedMs,
        resumeTicketId,
        address,
      },
    });
  };

  const take = (ticketId: string): QueuedTicket | undefined => {
    const ticket = tickets.get(ticketId);
    tickets.delete(ticketId);
    return ticket;
  };

  const onPaused = (queues: readonly PausedQueue[]): void => {
    const before = paused;
    paused = new Map(queues.map(({ mode, reason }) => [mode, reason]));
    for (const ticket of tickets.values()) {
      const reason = paused.get(ticket.mode) ?? "";
      if (reason !== (before.get(ticket.mode) ?? "")) ticket.onPaused(reason);
    }
  };

  const onMessage = ({ message }: GatewaySessionResponse): void => {
    if (message.case === "welcome") {
      const { matchmakerId, modes: named } = message.value;
      modes = named.length > 0 ? new Set(named) : undefined;
      log.info({ matchmakerId, tickets: tickets.size }, "registered with the matchmaker");
      tell({ case: "linked", value: { addresses: [...linkedNow()] } });
      for (const ticket of tickets.values()) send(ticket);
      takesLoad = message.value.takesLoad;
      report();
      onPaused(message.value.paused);
    } else if (message.case === "assigned") {
      take(message.value.ticketId)?.onAssigned(message.value); // an unknown one was cancelled on the way
    } else if (message.case === "refused") {
      take(message.value.ticketId)?.onRefused(message.value.code, message.value.retryAfterMs);
    } else if (message.case === "relocated") {
      onRelocated(message.value.matches);
    } else if (message.case === "shards") {
      onShards(message.value.addresses);
    } else if (message.case === "paused") {
      onPaused(message.value.queues);
    } else if (message.case === "drain") {
      log.info({ on: message.value.on }, "an operator drains this gateway, or stops draining it");
      onDrain(message.value.on);
      report();
    }
  };

  const session = openSession<ToMatchmaker, GatewaySessionResponse>({
    name: "session with the matchmaker",
    log,
    open: (messages, { signal }) => matchmaker.gatewaySession(messages, { signal }),
    queueMax: QUEUE_MAX,
    hello: () => ({ message: { case: "hello", value: { gatewayId, tellsLinks: true, takesDrain: true } } }),
    onOpen() {
      takesLoad = false; // until the matchmaker has said so
      const timer = setInterval(report, REPORT_EVERY_MS);
      return () => clearInterval(timer);
    },
    isWelcome: ({ message }) => message.case === "welcome",
    onMessage,
  });

  /** Before the matchmaker knows us nothing is said: it is all said again then. */
  const tell = (message: NonNullable<ToMatchmaker["message"]>): void => {
    if (session.isOpen) session.send({ message });
  };

  const report = (): void => {
    if (takesLoad) tell({ case: "load", value: load() });
  };

  return {
    name: session.name,
    check: session.check,
    lacks: (mode) => modes !== undefined && !modes.has(mode),
    submit(ticket) {
      tickets.set(ticket.ticketId, ticket);
      send(ticket);
      const reason = paused.get(ticket.mode);
      if (reason !== undefined) ticket.onPaused(reason);
    },
    cancel(ticketId) {
      if (tickets.delete(ticketId)) tell({ case: "cancel", value: { ticketId } });
    },
    linked(addresses) {
      tell({ case: "linked", value: { addresses: [...addresses] } });
    },
    relocate(requests) {
      for (let from = 0; from < requests.length; from += RELOCATE_MAX)
        tell({ case: "relocate", value: { matches: requests.slice(from, from + RELOCATE_MAX) } });
    },
    start: session.start,
    stop: session.stop,
  };
}

function pointsOf({ mu }: Rating): number {
  return Math.round(1500 + (mu - NEWCOMER.mu) * POINTS_PER_MU);
}
