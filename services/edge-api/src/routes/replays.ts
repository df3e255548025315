import { decisions, verdicts } from "@muster/contracts/replay/names";
import type { Replay } from "@muster/contracts/replay/v2";
import { must } from "@muster/errors";
import { isNamed, rangeOf } from "../byte-ranges.ts";
import { Refusal } from "../errors.ts";
import { ofExisting } from "./existing-player.ts";
import type { Answer, Call, Clients, Handlers, Schemas } from "./handler.ts";
import { isoTime } from "./times.ts";

type PageOperations = "listMyReplays" | "listPlayerReplays";

/** Whoever has a file may keep it, and need not ask again; who is not logged in cannot ask for it. */
const KEEP_FOR_EVER = "private, max-age=31536000, immutable";

export const replayHandlers: Handlers<"getReplay" | "getReplayFile" | PageOperations> = {
  async getReplay({ params }, clients) {
    const { replay } = await clients.replay.getReplay({ matchId: params.matchId });
    return { status: 200, body: replayJson(must(replay, "replay-service sends a replay")) };
  },

  getReplayFile: (call, clients) => clients.downloads.run(call.address, () => file(call, clients)),

  listMyReplays: ({ caller, query }, clients) => page(must(caller, "secured").playerId, query, clients),
  listPlayerReplays: ({ params, query }, clients) =>
    ofExisting(params.playerId, clients, (id) => page(id, query, clients)),
};

async function file(
  { params: { matchId }, header, isHead }: Pick<Call<"getReplayFile">, "params" | "header" | "isHead">,
  clients: Clients,
): Promise<Answer<"getReplayFile">> {
  const { fileBytes, fileHash } = await clients.replay.readReplayFile({ matchId, bytesMax: 1 });
  const etag = `"${fileHash}"`;
  const headers = { etag, "cache-control": KEEP_FOR_EVER, "accept-ranges": "bytes" };
  if (isNamed(header("if-none-match"), etag)) return { status: 304, headers };
  const ifRange = header("if-range");
  const range = ifRange === undefined || ifRange === etag ? rangeOf(header("range"), fileBytes) : undefined;
  if (range === "unsatisfiable") throw noSuchRange(fileBytes);
  const { first, last } = range ?? { first: 0, last: fileBytes - 1 };
  const body = isHead ? Buffer.alloc(0) : await read(clients, matchId, first, last + 1);
  const type = { "content-type": "application/octet-stream", "content-length": `${last + 1 - first}` };
  if (!range) return { status: 200, body, headers: { ...headers, ...type } };
  const contentRange = `bytes ${first}-${last}/${fileBytes}`;
  return { status: 206, body, headers: { ...headers, ...type, "content-range": contentRange } };
}

/** In the parts that replay-service gives. */
async function read({ replay }: Clients, matchId: string, from: number, to: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let offset = from; offset < to; ) {
    const bytesMax = Math.min(to - offset, 131_072);
    const { content } = await replay.readReplayFile({ matchId, offset, bytesMax });
    must(content[0], "the file has as many bytes as it says");
    parts.push(content);
    offset += content.length;
  }
  return Buffer.concat(parts);
}

function noSuchRange(fileBytes: number): Refusal {
  const message = "The file has no such range.";
  return new Refusal(
    { status: 416, code: "range_not_satisfiable", message },
    { "content-range": `bytes */${fileBytes}` },
  );
}

async function page(
  playerId: string,
  { limit, cursor = "" }: Call<PageOperations>["query"],
  { replay }: Clients,
): Promise<Answer<PageOperations>> {
  const pageSize = must(limit, "it has a default");
  const { replays, nextCursor } = await replay.listPlayerReplays({ playerId, pageSize, cursor });
  return { status: 200, body: { replays: replays.map(replayJson), ...(nextCursor === "" ? {} : { nextCursor }) } };
}

export function replayJson(replay: Replay): Schemas["Replay"] {
  const { matchId, mode, gameId, buildId, ticks, fileBytes, fileHash } = replay;
  const [verdict, decision] = [verdicts.nameOf(replay.verdict), decisions.nameOf(replay.decision)];
  return {
    matchId,
    mode,
    gameId,
    buildId,
    seats: replay.seats.map(({ seat, playerId, score, rank, bot }) => ({
      seat,
      playerId,
      score,
      rank,
      ...(bot === "" ? {} : { bot }),
    })),
    endReason: replay.reason,
    ticks,
    createdAt: isoTime(replay.createdAt),
    endedAt: isoTime(replay.endedAt),
    ...(verdict && { verdict, verdictReason: replay.verdictReason, verifiedAt: isoTime(replay.verifiedAt) }),
    ...(decision && { decision }),
    ...(fileBytes > 0 && { file: { bytes: fileBytes, sha256: fileHash } }),
  };
}
