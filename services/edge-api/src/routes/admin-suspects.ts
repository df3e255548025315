// For moderators: matches whose results are in doubt.
import { decisions } from "@muster/contracts/replay/names";
import type { SuspectMatch } from "@muster/contracts/replay/v2";
import { must } from "@muster/errors";
import type { Handlers, Schemas } from "./handler.ts";
import { actorOf, carryOut, permit } from "./operator.ts";
import { replayJson } from "./replays.ts";
import { isoTime } from "./times.ts";

type Suspect = Schemas["SuspectMatchPage"]["matches"][number];

export const suspectHandlers: Handlers<"listSuspectMatches" | "decideSuspectMatch"> = {
  async listSuspectMatches(call, clients) {
    await permit(call, "listSuspectMatches", clients);
    const { decided = false, limit, cursor = "" } = call.query;
    const pageSize = must(limit, "it has a default");
    const { matches, nextCursor } = await clients.replay.listSuspectMatches({ decided, pageSize, cursor });
    const body = { matches: matches.map(suspectJson), ...(nextCursor === "" ? {} : { nextCursor }) };
    return { status: 200, body };
  },

  decideSuspectMatch(call, clients) {
    const { matchId } = call.params;
    const { decision, reason } = call.body;
    const asked = { actorId: actorOf(call), matchId, decision: decisions.valueOf(decision), reason };
    const decide = (dryRun: boolean): Promise<unknown> => clients.replay.decideSuspectMatch({ ...asked, dryRun });
    const order = { operation: "decideSuspectMatch", target: matchId, reason: `${decision}: ${reason}` } as const;
    return carryOut(call, { ...order, check: () => decide(true), act: () => decide(false) }, clients);
  },
};

function suspectJson({ replay, detail, applied, decidedBy, decidedAt, decidedWhy }: SuspectMatch): Suspect {
  return {
    replay: replayJson(must(replay, "replay-service sends a replay")),
    ...(detail === "" ? {} : { detail }),
    ...(applied === "" ? {} : { ratings: applied as NonNullable<Suspect["ratings"]> }),
    ...(decidedBy === "" ? {} : { decidedBy }),
    ...(decidedAt ? { decidedAt: isoTime(decidedAt), decidedWhy } : {}),
  };
}
