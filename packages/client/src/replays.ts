// Replays over REST. `openReplayFile` and `Replay` of @muster/game-kit play what is downloaded here.
import type { components } from "@muster/contracts/openapi/edge/v1";
import { BYTES, type Method } from "./rest.ts";
import { count, list, maybe, record, type Shape, text, time, word } from "./shapes.ts";

type Schemas = components["schemas"];

/** `verdict` is absent until the match has been simulated again; `file` is absent if there is none. */
export type ReplaySummary = Schemas["Replay"];

/** Newest first. */
export type ReplayPage = Schemas["ReplayPage"];

const REPLAY: Shape<ReplaySummary> = record<ReplaySummary>({
  matchId: text,
  mode: text,
  gameId: text,
  buildId: text,
  seats: list(
    record<ReplaySummary["seats"][number]>({
      seat: count,
      playerId: text,
      score: count,
      rank: count,
      bot: maybe(text),
    }),
  ),
  endReason: text,
  ticks: count,
  createdAt: time,
  endedAt: time,
  verdict: maybe(word()),
  verdictReason: maybe(text),
  verifiedAt: maybe(time),
  decision: maybe(word()),
  file: maybe(record<NonNullable<ReplaySummary["file"]>>({ bytes: count, sha256: text })),
});

const PAGE: Shape<ReplayPage> = record<ReplayPage>({ replays: list(REPLAY), nextCursor: maybe(text) });

type Call = <T>(method: Method, path: string, expected: Shape<T> | typeof BYTES) => Promise<T>;

/**
 * Replays: `client.replays`. A replay is there some moments after its match has ended, and for a limited time. Every method throws MusterError with
 * the contract's code; `unavailable` while only replays are away: everything else works then.
 */
export class ReplaysApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** A page of a player's replays; by default, of this client's own player. @throws MusterError bad_cursor, player_not_found */
  list(
    options: { readonly playerId?: string; readonly limit?: number; readonly cursor?: string } = {},
  ): Promise<ReplayPage> {
    const { playerId, limit, cursor } = options;
    const query = new URLSearchParams();
    if (limit !== undefined) query.set("limit", String(limit));
    if (cursor !== undefined) query.set("cursor", cursor);
    const whose = playerId === undefined ? "me" : `players/${encodeURIComponent(playerId)}`;
    return this.#call("GET", `/v1/${whose}/replays?${query}`, PAGE);
  }

  /** @throws MusterError replay_not_found */
  of(matchId: string): Promise<ReplaySummary> {
    return this.#call("GET", pathOf(matchId), REPLAY);
  }

  /** The replay's file, for `openReplayFile`. It never changes: keep it. @throws MusterError replay_not_found, replay_file_not_found */
  download(matchId: string): Promise<Uint8Array> {
    return this.#call("GET", `${pathOf(matchId)}/file`, BYTES);
  }
}

function pathOf(matchId: string): string {
  return `/v1/matches/${encodeURIComponent(matchId)}/replay`;
}
