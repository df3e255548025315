// What players report, and what moderators make of it. identity-service stores it; of a message it gets the text that the reporter can read.
import { reportCategories, reportDecisions } from "@muster/contracts/identity/names";
import type { Report } from "@muster/contracts/identity/v2";
import { commonError, errorsOf, must } from "@muster/errors";
import { actorOf as chatActorOf } from "./chat.ts";
import type { Handlers, Schemas } from "./handler.ts";
import { actorOf } from "./operator.ts";
import { isoTime } from "./times.ts";

const fail = errorsOf({
  message_not_found: { grpc: "not_found", retryable: false, message: "There is no such message." },
});

const NOT_THERE = {
  message: "The player did not play in this match.",
  details: { where: "body.matchId", problem: "is not a match of the player" },
};

export const reportHandlers: Handlers<"reportPlayer" | "reportMessage" | "listReports" | "decideReport"> = {
  async reportPlayer(call, { identity, match }) {
    const { category, comment = "", matchId = "" } = call.body;
    // An invented match would make each report another one than those that are open.
    if (matchId !== "") {
      const { match: found } = await match.getMatch({ matchId });
      if (!found?.participants.some(({ playerId }) => playerId === call.params.playerId))
        throw commonError("invalid_request", NOT_THERE);
    }
    const { reportId } = await identity.reportPlayer({
      reporterId: actorOf(call),
      clientAddress: call.address,
      playerId: call.params.playerId,
      category: reportCategories.valueOf(category),
      comment,
      matchId,
    });
    return { status: 201, body: { reportId } };
  },

  async reportMessage(call, { identity, chat }) {
    const { channelId, seq } = call.params;
    const from = { case: "afterSeq" as const, value: BigInt(seq) - 1n };
    const { messages } = await chat.listMessages({ actor: chatActorOf(call), channelId, from, limit: 1 });
    const message = messages.find((one) => one.seq === BigInt(seq) && !one.deletedAt);
    if (!message) throw fail("message_not_found");
    const { category, comment = "" } = call.body;
    const { reportId } = await identity.reportPlayer({
      reporterId: actorOf(call),
      clientAddress: call.address,
      playerId: message.authorId,
      category: reportCategories.valueOf(category),
      comment,
      message: { channelId, seq: message.seq, body: message.body },
    });
    return { status: 201, body: { reportId } };
  },

  async listReports(call, { identity }) {
    const { decided = false, playerId = "", limit, cursor = "" } = call.query;
    const page = { pageSize: must(limit, "it has a default"), cursor };
    const { reports, nextCursor } = await identity.listReports({ actorId: actorOf(call), decided, playerId, ...page });
    const body = { reports: reports.map(reportJson), ...(nextCursor === "" ? {} : { nextCursor }) };
    return { status: 200, body };
  },

  async decideReport(call, { identity }) {
    const { decision, reason } = call.body;
    await identity.decideReport({
      actorId: actorOf(call),
      reportId: call.params.reportId,
      decision: reportDecisions.valueOf(decision),
      reason,
    });
    return { status: 204 };
  },
};

function reportJson(report: Report): Schemas["Report"] {
  const { reportId, reporterId, reporterName, playerId, playerName, comment, matchId, message } = report;
  const decision = reportDecisions.nameOf(report.decision);
  const { decidedBy, decidedAt, decidedWhy } = report;
  return {
    reportId,
    reporterId,
    ...(reporterName === "" ? {} : { reporterName }),
    playerId,
    ...(playerName === "" ? {} : { playerName }),
    category: must(reportCategories.nameOf(report.category), "identity names a category"),
    comment,
    ...(matchId === "" ? {} : { matchId }),
    ...(message && { message: { channelId: message.channelId, seq: Number(message.seq), body: message.body } }),
    createdAt: isoTime(report.createdAt),
    ...(decision && { decision, decidedBy, decidedAt: isoTime(decidedAt), decidedWhy }),
  };
}
