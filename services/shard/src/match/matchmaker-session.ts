// The session with the matchmaker: our load up, new matches down. It comes back by itself.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { Allocate, MatchmakingService, ShardSessionRequestSchema } from "@muster/contracts/matchmaking/v2";
import type { Game } from "@muster/game-kit";
import type { Logger } from "@muster/log";
import { gameBuilds } from "./game-builds.ts";
import { MessageQueue } from "@muster/rpc";
import { type Component, retryForever } from "@muster/runtime";
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
  const stop = new AbortController();
  const { matches, log } = options;
  let out: MessageQueue<ToMatchmaker> | undefined;
  let welcomed = false;
  let running: Promise<void> | undefined;

  const report = (): void => {
    out?.push({ message: { case: "load", value: { matches: matches.size, draining: matches.draining } } });
  };

  const session = async (): Promise<void> => {
    const queue = new MessageQueue<ToMatchmaker>(QUEUE_MAX);
    out = queue;
    const { shardId, capacity, region, games } = options;
    queue.push({
      message: {
        case: "hello",
        value: {
          shardId,
          linkAddress: options.linkAddress(),
          capacity,
          region,
          games: gameBuilds(games, log),
          renewsLeases: true,
          tellsBegun: true,
        },
      },
    });
    report();
    options.seatReports.open((message) => queue.push(message), matches.held);
    const timer = setInterval(report, REPORT_EVERY_MS);
    try {
      for await (const { message } of options.matchmaker.shardSession(queue, { signal: stop.signal })) {
        if (message.case === "welcome") {
          welcomed = true;
          log.info({ matchmakerId: message.value.matchmakerId }, "the matchmaker knows this shard");
        } else if (message.case === "allocate") {
          const refusal = allocate(message.value, options);
          queue.push({
            message: {
              case: "allocated",
              value: { matchId: message.value.matchId, accepted: refusal === undefined, reason: refusal ?? "" },
            },
          });
        } else if (message.case === "release") {
          matches.release(message.value.matchId);
        } else if (message.case === "evacuate") {
          matches.evacuate().catch((err: unknown) => log.error({ err }, "not all matches were evacuated"));
        }
      }
    } finally {
      clearInterval(timer);
      options.seatReports.close();
      queue.close();
      welcomed = false;
    }
  };

  return {
    name: "matchmaker session",
    check: () => (welcomed ? undefined : "no session with the matchmaker"),
    report,
    async start() {
      running = retryForever(session, { name: "session with the matchmaker", stop: stop.signal, log });
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
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
