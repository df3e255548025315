// The session with the matchmaker: this shard reports its load and receives new matches. It reopens by itself.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type {
  Allocate,
  MatchmakingService,
  ShardSessionRequestSchema,
  ShardSessionResponse,
} from "@muster/contracts/matchmaking/v2";
import type { Game } from "@muster/game-kit";
import type { Logger } from "@muster/log";
import { gameBuilds } from "./game-builds.ts";
import { openSession } from "@muster/rpc";
import type { Component } from "@muster/runtime";
import { parseTraceparent, startSpan } from "@muster/tracing";
import type { Matches } from "./matches.ts";
import type { SeatReports } from "./seat-reports.ts";

export interface MatchmakerSessionOptions {
  readonly shardId: string;
  readonly region: string;
  readonly capacity: number;
  /** Known once the link server listens. */
  readonly linkAddress: () => string;
  readonly games: ReadonlyMap<string, Game>;
  readonly matchmaker: Client<typeof MatchmakingService>;
  readonly matches: Matches;
  readonly seatReports: SeatReports;
  /** It has too much to do for further matches. */
  readonly overloaded: () => boolean;
  readonly log: Logger;
}

export interface MatchmakerSession extends Component {
  /** Undefined while the matchmaker knows us. */
  check(): string | undefined;
  /** Tells the load now, not at the next second. */
  report(): void;
}

type ToMatchmaker = MessageInitShape<typeof ShardSessionRequestSchema>;

const REPORT_EVERY_MS = 1000;
const QUEUE_MAX = 10_000;

export function createMatchmakerSession(options: MatchmakerSessionOptions): MatchmakerSession {
  const { shardId, capacity, region, games, matchmaker, matches, seatReports, log } = options;

  const report = (): void => {
    const value = { matches: matches.size, draining: matches.draining, overloaded: options.overloaded() };
    session.send({ message: { case: "load", value } });
  };

  const onMessage = ({ message }: ShardSessionResponse): void => {
    if (message.case === "welcome") {
      log.info({ matchmakerId: message.value.matchmakerId }, "registered with the matchmaker");
    } else if (message.case === "allocate") {
      const { matchId } = message.value;
      const refusal = allocate(message.value, options);
      const value = { matchId, accepted: refusal === undefined, reason: refusal ?? "" };
      session.send({ message: { case: "allocated", value } });
    } else if (message.case === "release") {
      matches.release(message.value.matchId);
    } else if (message.case === "evacuate") {
      matches.evacuate().catch((err: unknown) => log.error({ err }, "not all matches were evacuated"));
    } else if (message.case === "drain") {
      const { on } = message.value;
      log.info({ on }, "an operator drains this shard, or stops draining it");
      matches.orderDrain(on);
      report();
    }
  };

  const session = openSession<ToMatchmaker, ShardSessionResponse>({
    name: "session with the matchmaker",
    log,
    open: (messages, { signal }) => matchmaker.shardSession(messages, { signal }),
    queueMax: QUEUE_MAX,
    hello: () => {
      const linkAddress = options.linkAddress();
      const self = { shardId, linkAddress, capacity, region, games: gameBuilds(games, log) };
      return { message: { case: "hello", value: { ...self, renewsLeases: true, tellsBegun: true, takesDrain: true } } };
    },
    onOpen() {
      report();
      seatReports.open((message) => session.send(message), matches.held);
      const timer = setInterval(report, REPORT_EVERY_MS);
      return () => {
        clearInterval(timer);
        seatReports.close();
      };
    },
    isWelcome: ({ message }) => message.case === "welcome",
    onMessage,
  });

  return { name: session.name, check: session.check, report, start: session.start, stop: session.stop };
}

function allocate(message: Allocate, { games, matches }: MatchmakerSessionOptions): string | undefined {
  const game = games.get(message.gameId);
  if (!game) return `this shard lacks the game ${message.gameId}`;
  const players = message.seats
    .toSorted((a, b) => a.seat - b.seat)
    .map(({ playerId, playerName, bot }) => ({ playerId, playerName, bot: bot === "" ? undefined : bot }));
  const { matchId, epoch, mode, options, seed, traceparent } = message;
  const span = startSpan({ name: "allocate match", kind: "server" }, parseTraceparent(traceparent));
  const spec = { matchId, epoch, mode, game, options, seed, players, trace: span.context };
  const refusal = matches.allocate(spec, message.recovery);
  span.end(refusal === undefined ? {} : { error: "refused" });
  return refusal;
}
