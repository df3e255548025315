import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { decisions, verdicts } from "@muster/contracts/replay/names";
import {
  Decision,
  type Replay,
  ReplaySchema,
  type ReplayService,
  type SuspectMatch,
  SuspectMatchSchema,
  Verdict,
} from "@muster/contracts/replay/v2";
import { create } from "@bufbuild/protobuf";
import { type Database, decodeCursor, encodeCursor } from "@muster/db";
import { must } from "@muster/errors";
import { countFitting } from "@muster/rpc";
import { fail } from "./errors.ts";
import type { Tables } from "./schema.ts";
import { decide, pageOfSuspects, type SuspectRow } from "./store/moderation.ts";
import { findFilePart, findReplay, listPlayerReplays, type ReplayRow, seatsOf } from "./store/replays.ts";

const PAGE_SIZE_DEFAULT = 20;
const PART_BYTES = 128 * 1024;

export interface RpcParts {
  readonly db: Database<Tables>;
  readonly now: () => Date;
}

export function replayRpc({ db, now }: RpcParts): ServiceImpl<typeof ReplayService> {
  return {
    async getReplay({ matchId }) {
      const row = await findReplay(db, matchId);
      if (!row) throw fail("replay_not_found");
      return { replay: toReplay(row) };
    },

    async readReplayFile({ matchId, offset, bytesMax }) {
      const part = await findFilePart(db, matchId, { offset, bytesMax: bytesMax || PART_BYTES });
      if (part) return { ...part, content: new Uint8Array(part.content) };
      throw fail((await findReplay(db, matchId)) ? "replay_file_not_found" : "replay_not_found");
    },

    async listPlayerReplays({ playerId, pageSize, cursor }) {
      const after = decodeCursor("replays", cursor, () => fail("bad_cursor"));
      const { rows, cursorAt, more } = await listPlayerReplays(db, playerId, pageSize || PAGE_SIZE_DEFAULT, after);
      const all = rows.map(toReplay);
      const replays = all.slice(0, countFitting(ReplaySchema, all)); // a match may have 64 seats
      const last = rows[replays.length - 1];
      const goesOn = last !== undefined && (more || replays.length < all.length);
      return { replays, nextCursor: goesOn ? encodeCursor("replays", cursorAt(last)) : "" };
    },

    async listSuspectMatches({ decided, pageSize, cursor }) {
      const size = pageSize || PAGE_SIZE_DEFAULT;
      const after = decodeCursor("suspects", cursor, () => fail("bad_cursor"));
      const rows = await pageOfSuspects(db, decided, size + 1, after);
      const all = rows.slice(0, size).map(toSuspect);
      const matches = all.slice(0, countFitting(SuspectMatchSchema, all));
      const last = rows[matches.length - 1];
      const goesOn = last !== undefined && rows.length > matches.length;
      return { matches, nextCursor: goesOn ? encodeCursor("suspects", { at: last.at, id: last.match_id }) : "" };
    },

    async decideSuspectMatch({ actorId, matchId, decision, reason, dryRun }) {
      const replay = await findReplay(db, matchId);
      if (!replay) throw fail("replay_not_found");
      if (seatsOf(replay).some(({ playerId }) => playerId === actorId)) throw fail("not_allowed");
      if (replay.verdict !== "suspect") throw fail("match_not_suspect");
      if (dryRun) return {};
      const name = must(decisions.nameOf(decision), "validation demands a decision");
      if (!(await decide(db, matchId, { decision: name, by: actorId, why: reason, at: now() })))
        throw fail("match_not_suspect");
      return {};
    },
  };
}

function toSuspect(row: SuspectRow): SuspectMatch {
  return create(SuspectMatchSchema, {
    replay: toReplay(row),
    detail: row.detail ?? "",
    applied: row.applied ?? "",
    decidedBy: row.decided_by ?? "",
    ...(row.decided_at !== null && { decidedAt: timestampFromDate(row.decided_at) }),
    decidedWhy: row.decided_why ?? "",
  });
}

function toReplay(row: ReplayRow): Replay {
  return create(ReplaySchema, {
    matchId: row.match_id,
    mode: row.mode,
    gameId: row.game_id,
    buildId: row.build_id,
    seats: seatsOf(row).map((seat, i) => ({ seat: i, ...seat })),
    reason: row.end_reason,
    ticks: row.ticks,
    createdAt: timestampFromDate(row.created_at),
    endedAt: timestampFromDate(row.ended_at),
    verdict: row.verdict === null ? Verdict.UNSPECIFIED : verdicts.valueOf(row.verdict),
    verdictReason: row.reason ?? "",
    ...(row.verified_at !== null && { verifiedAt: timestampFromDate(row.verified_at) }),
    decision: row.decision === null ? Decision.UNSPECIFIED : decisions.valueOf(row.decision),
    fileBytes: row.file_bytes ?? 0,
    fileHash: row.file_hash ?? "",
  });
}
