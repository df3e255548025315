// Tests a server: plays there with a scripted client, check by check.
import { type RunOptions, type Suite, type Verdict, verdicts } from "../checks.ts";
import { Bench } from "./bench.ts";
import { CHAT_CHECKS } from "./chat-checks.ts";
import { CONNECTION_CHECKS } from "./connection-checks.ts";
import { MATCH_CHECKS, QUEUE_CHECKS } from "./match-checks.ts";
import { WATCHING_CHECKS } from "./watching-checks.ts";

const OF_A_CLIENT = "what a client does: `conformance server` checks it";
const NEEDS_THE_OPERATOR = "only whoever runs the server can cause it; tests of the whole system do";

const CAUSED_BY_OPERATORS = [
  "close/4000",
  "close/4004",
  "disconnects/a-stopping-gateway",
  "queue/clients-do-not-notice",
  "match/if-the-shard-is-lost",
  "match/a-seat-ticket-stays-valid",
  "chat/a-gateway-that-loses",
  "limit/sockets-per-gateway",
  "limit/of-these",
  "limit/of-those",
  "limit/sockets-from-one-address",
  "queue/while-no-shard-takes-another-match-of",
  "paused/no_room",
  "paused/shards_busy",
  "paused/no_shard",
  "error/queue_full",
  "error/queue_unavailable",
  "error/removed_by_operator",
  "error/stale_epoch",
  "error/shard_unavailable",
  "error/watching_off",
  "error/watchers_full",
  "error/chat_unavailable",
  "error/internal",
];

export const SERVER_SUITE: Suite<Bench> = {
  checks: [...MATCH_CHECKS, ...QUEUE_CHECKS, ...WATCHING_CHECKS, ...CHAT_CHECKS, ...CONNECTION_CHECKS],
  unreachable: {
    ...Object.fromEntries(CAUSED_BY_OPERATORS.map((row) => [row, NEEDS_THE_OPERATOR])),
    "disconnects/after-4000": OF_A_CLIENT,
    "match/in-a-game-that-conceals": "needs a game that conceals; packages/game-kit tests one",
    "close/4001": "takes half a minute without reading; tools/e2e/src/slow.system.test.ts does it",
    "error/replaced": "needs two gateways: at one, the older connection is closed with 4503",
    "close/4003": "takes as long as an access token is valid; tools/e2e/src/token-life.system.test.ts does it",
    "error/seat_ticket_expired": "takes as long as a seat ticket is valid",
    "limit/control-messages-in-progress": "depends on how busy the server is",
    "limit/bytes-of-messages": "other limits come first in a game; a test of the gateway does it",
    "limit/unsent-data": "what a server keeps of it cannot be seen; tools/e2e/src/slow.system.test.ts does it",
    "limit/time-without-reading": "takes half a minute; tools/e2e/src/slow.system.test.ts does it",
    "limit/silence-of-a-client": "takes half a minute",
  },
};

/** Players of several checks at once; in a queue they are one check's at a time. */
const AT_ONCE = 6;

export interface ServerRunOptions extends RunOptions {
  readonly url: string;
  readonly withinMs: number;
  readonly mode?: string | undefined;
}

export async function testServer({ url, withinMs, mode, ...options }: ServerRunOptions): Promise<Verdict[]> {
  const bench = await Bench.at(url.replace(/\/$/, ""), withinMs, mode);
  return verdicts(SERVER_SUITE, bench, { ...options, atOnce: AT_ONCE });
}
