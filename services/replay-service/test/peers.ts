// match-service and rating-service, as far as replay-service asks them.
import { MatchService } from "@muster/contracts/match/v2";
import { RatingService } from "@muster/contracts/rating/v2";
import { commonError, errorsOf } from "@muster/errors";
import { createRpcServer } from "@muster/rpc";
import { createMetrics } from "@muster/runtime";
import { LogLines } from "@muster/testkit";

export interface Peers extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  /** Input logs that match-service has, by match. */
  readonly logs: Map<string, Uint8Array<ArrayBuffer>>;
  /** What rating-service has done: "excluded ID". */
  readonly effects: string[];
  away: boolean;
}

const fail = errorsOf({
  replay_not_found: { grpc: "not_found", retryable: false, message: "There is no replay of this match." },
});

export async function startPeers(): Promise<Peers> {
  const logs = new Map<string, Uint8Array<ArrayBuffer>>();
  const effects: string[] = [];
  const done = (what: string, matchId: string) => {
    if (peers.away) throw commonError("unavailable");
    effects.push(`${what} ${matchId}`);
    return { duplicate: false };
  };
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log: new LogLines().logger("peers"),
    metrics: createMetrics("peers"),
    routes: (router) =>
      router
        .service(MatchService, {
          getReplay({ matchId }) {
            if (peers.away) throw commonError("unavailable");
            const inputLog = logs.get(matchId);
            if (!inputLog) throw fail("replay_not_found");
            return { inputLog };
          },
        })
        .service(RatingService, {
          excludeMatch: ({ matchId }) => done("excluded", matchId),
          includeMatch: ({ matchId }) => done("included", matchId),
        }),
  });
  await server.start?.();
  const peers: Peers = {
    env: { REPLAY_MATCH_URL: server.url, REPLAY_RATING_URL: server.url },
    logs,
    effects,
    away: false,
    [Symbol.asyncDispose]: async () => server.stop?.(),
  };
  return peers;
}
