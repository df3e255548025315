import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { matchOver } from "./events.ts";
import type { Ending, MatchRecord } from "./matches.ts";
import { EVENT_TYPES } from "./schema.ts";

const DOCUMENT = readFileSync(new URL("../../../contracts/events/outbox.v1.md", import.meta.url), "utf8");
const at = new Date("2026-11-27T12:00:00Z");
const id = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

/** First column of the table that is the document's `number`th. */
function listed(number: number): string[] {
  const tables = DOCUMENT.split(/^\| --- .*$/m).slice(1);
  return [...(tables[number]?.split("\n\n", 1)[0] ?? "").matchAll(/^\| `([\w.]+)` \|/gm)].map(
    ([, name]) => name as string,
  );
}

const match: MatchRecord["match"] = {
  id,
  mode: "duel",
  game_id: "duel",
  build_id: "1",
  seed: 1,
  epoch: 1,
  shard_id: "s",
  state: "running",
  created_at: at,
  ended_at: null,
  end_reason: null,
  cancel_reason: null,
  ticks: 0,
  state_hash: "",
  options: "{}",
};
const participants = [null, "hard"].map((bot, seat) => ({
  match_id: id,
  seat,
  player_id: id,
  player_name: "p",
  score: null,
  rank: null,
  bot,
}));
const ended: Ending = {
  state: "ended",
  endReason: "forfeit",
  cancelReason: null,
  ticks: 9,
  stateHash: "0badcafe",
  seats: [
    { score: 1, rank: 1 },
    { score: 0, rank: 2 },
  ],
  unplayed: [1],
};
const cancelled: Ending = {
  ...ended,
  state: "cancelled",
  endReason: null,
  cancelReason: "shard_lost",
  seats: [],
  unplayed: [],
};

it("contracts/events lists the events, and every field that they have", () => {
  const events = [ended, cancelled].map((ending) => matchOver({ match, participants }, ending, at, ""));
  expect(events.map(({ event_type }) => event_type)).toEqual(EVENT_TYPES);
  expect(listed(0)).toEqual(EVENT_TYPES);
  const payloads = events.map(({ payload }) => JSON.parse(payload) as { participants: object[]; reason: string });
  for (const payload of payloads) expect(Object.keys(payload)).toEqual(listed(1));
  const fields = new Set(payloads.flatMap((payload) => payload.participants.flatMap((one) => Object.keys(one))));
  expect([...fields].toSorted()).toEqual(listed(2).toSorted());
  expect(payloads.map(({ reason }) => reason)).toEqual(["forfeit", "shard_lost"]);
});
