// What players report of others, and what moderators make of it.
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { reportCategories, reportDecisions } from "@muster/contracts/identity/names";
import { type IdentityService, type Report, ReportDecision, ReportSchema } from "@muster/contracts/identity/v2";
import { decodeCursor, encodeCursor, inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { countFitting } from "@muster/rpc";
import { clientNetworkOf } from "@muster/runtime";
import { v7 as uuidv7 } from "uuid";
import { fail } from "../errors.ts";
import { findAccount, lockAccount } from "../store/accounts.ts";
import {
  findOpenReport,
  insertReport,
  listReports,
  listReportTimes,
  lockReport,
  type NewReport,
  storeDecision,
  type StoredReport,
} from "../store/reports.ts";
import { allowed } from "./admin.ts";
import type { RpcParts } from "./parts.ts";

const PAGE_SIZE_DEFAULT = 20;
/** Of one reporter. Policy at the limit: further ones are refused until the oldest of them is a day old. */
const REPORTS_PER_DAY = 20;
const DAY_MS = 24 * 3600 * 1000;

export function reportRpcs({
  db,
  audit,
  newReports,
  now,
}: RpcParts): Pick<ServiceImpl<typeof IdentityService>, "reportPlayer" | "listReports" | "decideReport"> {
  return {
    async reportPlayer({ reporterId, playerId, category, comment, matchId, message, clientAddress }) {
      if (reporterId === playerId) throw fail("report_of_oneself");
      if (!(await findAccount(db, playerId))) throw fail("player_not_found");
      const report: NewReport = {
        id: uuidv7(),
        reporter_id: reporterId,
        player_id: playerId,
        category: must(reportCategories.nameOf(category), "validation demands a category"),
        comment,
        match_id: matchId === "" ? null : matchId,
        channel_id: message?.channelId ?? null,
        message_seq: message ? Number(message.seq) : null,
        message_body: message?.body ?? null,
        created_at: now(),
      };
      let counted = false; // of its network once, however often the transaction is repeated
      const reportId = await inTransaction(
        db,
        async (tx) => {
          await lockAccount(tx, reporterId); // a reporter's reports come one after the other, so that all of them are counted
          const open = await findOpenReport(tx, report);
          if (open !== undefined) return open;
          const since = new Date(report.created_at.getTime() - DAY_MS);
          const times = await listReportTimes(tx, reporterId, since, REPORTS_PER_DAY);
          const [oldest] = times;
          if (oldest && times.length >= REPORTS_PER_DAY)
            throw fail("too_many_reports", {
              details: { retryAfterS: Math.ceil((oldest.getTime() + DAY_MS - report.created_at.getTime()) / 1000) },
            });
          if (!counted) newReports.take(clientNetworkOf(clientAddress));
          counted = true;
          await insertReport(tx, report);
          return report.id;
        },
        { repeatable: "report" },
      );
      return { reportId };
    },

    async listReports({ actorId, decided, playerId, pageSize, cursor }) {
      await allowed(db, actorId, "moderator", now());
      const size = pageSize || PAGE_SIZE_DEFAULT;
      const after = decodeCursor("reports", cursor, () => fail("bad_cursor"));
      const which = { decided, playerId: playerId === "" ? undefined : playerId };
      const rows = await listReports(db, which, size + 1, after);
      const all = rows.slice(0, size).map(toReport);
      const reports = all.slice(0, countFitting(ReportSchema, all));
      const last = rows[reports.length - 1];
      return { reports, nextCursor: last && rows.length > reports.length ? encodeCursor("reports", last) : "" };
    },

    async decideReport({ actorId, reportId, decision, reason }) {
      const name = must(reportDecisions.nameOf(decision), "validation demands a decision");
      await inTransaction(
        db,
        async (tx) => {
          await allowed(tx, actorId, "moderator", now());
          const report = await lockReport(tx, reportId);
          if (!report) throw fail("report_not_found");
          if (report.player_id === actorId) throw fail("not_allowed"); // nobody decides on what is said of them
          if (report.decision !== null) throw fail("report_decided");
          await storeDecision(tx, reportId, { decision: name, by: actorId, at: now(), why: reason });
          const entry = { action: "report_decided", target: reportId, reason: `${name}: ${reason}` } as const;
          await audit.append(tx, { ...entry, actor: actorId, at: now() });
        },
        { repeatable: "decide report" },
      );
      return {};
    },
  };
}

function toReport(row: StoredReport): Report {
  return create(ReportSchema, {
    reportId: row.id,
    reporterId: row.reporter_id,
    reporterName: row.reporter_name ?? "",
    playerId: row.player_id,
    playerName: row.player_name ?? "",
    category: reportCategories.valueOf(row.category),
    comment: row.comment,
    matchId: row.match_id ?? "",
    ...(row.channel_id !== null && {
      message: { channelId: row.channel_id, seq: BigInt(row.message_seq ?? 0), body: row.message_body ?? "" },
    }),
    createdAt: timestampFromDate(row.created_at),
    decision: row.decision === null ? ReportDecision.UNSPECIFIED : reportDecisions.valueOf(row.decision),
    decidedBy: row.decided_by ?? "",
    ...(row.decided_at !== null && { decidedAt: timestampFromDate(row.decided_at) }),
    decidedWhy: row.decided_why ?? "",
  });
}
