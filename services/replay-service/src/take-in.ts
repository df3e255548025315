// An ended match that has come: stored, and due to be verified, or unverifiable from the start.
import { must } from "@muster/errors";
import { type EventOf, refuseImpossibleMatch } from "@muster/events";
import type { Transaction } from "kysely";
import { endedMatchOf, fileOf, type Outcome, unverifiableFromTheStart } from "./replays.ts";
import type { Tables } from "./schema.ts";
import { makeDue } from "./store/queue.ts";
import { findReplay, insertFile, insertReplay } from "./store/replays.ts";
import { storeVerdict } from "./verdicts.ts";

/** @throws PermanentError for what no match can be. @returns what it is already; undefined: it is due, or was here before */
export async function takeIn(
  tx: Transaction<Tables>,
  event: EventOf<"match.ended">,
  now: Date,
): Promise<Outcome | undefined> {
  refuseImpossibleMatch(event.data, now);
  const match = endedMatchOf(event);
  const { matchId } = match;
  if (!(await insertReplay(tx, match))) return undefined;
  const { inputLog } = event.data;
  const file = inputLog === undefined ? undefined : fileOf(match, Buffer.from(inputLog, "base64"));
  if (file) await insertFile(tx, matchId, file);
  const outcome = unverifiableFromTheStart(match);
  if (outcome) await storeVerdict(tx, must(await findReplay(tx, matchId), "just stored"), outcome, now);
  else await makeDue(tx, matchId);
  return outcome;
}
