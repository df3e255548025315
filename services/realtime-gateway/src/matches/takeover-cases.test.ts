// The rules of takeover.ts, case by case: events and the resulting actions.
import { describe, expect, it } from "vitest";
import {
  after,
  cancelled,
  closed,
  type Event,
  followed,
  heardAgain,
  joins,
  left,
  playing,
  relocated,
  suspected,
  waited,
} from "../../test/takeover-events.ts";
import type { Ending } from "./player.ts";
import type { Action } from "./takeover-state.ts";

const refused = (code: string): Event => ({ kind: "joinRefused", seat: 1, code });
const ended: Ending = { reason: "played", seats: [{ score: 3, rank: 1 }], ticks: 9, stateHash: "cafe" };

const ASKS = { kind: "ask", epoch: 1, lost: false, waitMs: 0 } as const;
const MOVES_TO_B: readonly Action<string>[] = [
  { kind: "leave", seat: 1, forfeit: false },
  { kind: "suspend", seat: 1 },
  { kind: "join", seat: 1, link: "b" },
];
/** A shard refuses a seat, and the matchmaker names the same one. */
const LOOKS = [refused("match_over"), relocated("a", 1)];

/** What the last event of each list does. */
const CASES: readonly (readonly [title: string, events: readonly Event[], actions: readonly Action<string>[]])[] = [
  [
    "a shard that only joining players were sent to is lost: the match is too",
    [joins(1), joins(2), closed("a")],
    [
      { kind: "suspend", seat: 1 },
      { kind: "suspend", seat: 2 },
      { kind: "ask", epoch: 1, lost: true, waitMs: 0 },
    ],
  ],
  [
    "a match that no shard has is still lost when another link closes on which a player waits",
    [joins(1, "old"), followed("b", 2), closed("b"), closed("old")],
    [{ kind: "suspend", seat: 1 }, { kind: "withdraw" }, { kind: "ask", epoch: 2, lost: true, waitMs: 0 }],
  ],
  [
    "a question where the match is becomes the question that it is lost",
    [joins(1, "a", 1, "cut off"), suspected("a")],
    [{ kind: "ask", epoch: 1, lost: true, waitMs: 0 }],
  ],
  ["a shard is suspected a second time: it has been asked", [...playing, suspected("a"), suspected("a")], []],
  [
    "a seat is refused while its match is sought as lost: that is asked already",
    [...playing, joins(2), suspected("a"), { kind: "joinRefused", seat: 2, code: "match_not_found" }],
    [],
  ],
  ["another shard than the suspected one is heard again", [...playing, suspected("a"), heardAgain("b")], []],
  [
    "a suspected shard's link closes: the question is asked anew, for the shard cannot be heard again",
    [...playing, suspected("a"), closed("a")],
    [{ kind: "suspend", seat: 1 }, { kind: "withdraw" }, { kind: "ask", epoch: 1, lost: true, waitMs: 0 }],
  ],
  [
    "a link closes that the match is not lost with: the question stays",
    [joins(1, "old"), followed("b", 2), suspected("old"), closed("old")],
    [{ kind: "suspend", seat: 1 }],
  ],
  [
    "the same shard has the match in a later epoch: it gets the log, and its players join again",
    [...playing, relocated("a", 2)],
    [
      { kind: "backOff", forMs: 500 },
      { kind: "unbind", link: "a" },
      { kind: "transferLog", link: "a", epoch: 2 },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "suspend", seat: 1 },
      { kind: "join", seat: 1, link: "a" },
    ],
  ],
  [
    "the match is where it was: only the player who waits joins",
    [...playing, suspected("a"), joins(2, "a", 1, "suspected"), relocated("a", 1)],
    [
      { kind: "withdraw" },
      { kind: "backOff", forMs: 500 },
      { kind: "leave", seat: 2, forfeit: false },
      { kind: "suspend", seat: 2 },
      { kind: "join", seat: 2, link: "a" },
    ],
  ],
  [
    "a player was sent to a shard that does not have the match: the join goes to the one that has it",
    [joins(1), relocated("b", 1)],
    [
      { kind: "backOff", forMs: 500 },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "suspend", seat: 1 },
      { kind: "join", seat: 1, link: "b" },
    ],
  ],
  [
    "a match is over that nobody here has the log of: its players hear it, and no match is lost",
    [joins(1), { kind: "nowhere", epoch: 1, over: "match_over" }],
    [
      { kind: "backOff", forMs: 500 },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: { kind: "joinRefused", why: "match_over" } },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "a match is lost before its first player has joined: it is counted",
    [joins(1), { kind: "nowhere", epoch: 1, over: "shard_lost" }],
    [
      { kind: "backOff", forMs: 500 },
      { kind: "countLost" },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: { kind: "joinRefused", why: "shard_lost" } },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "a match is lost that only its log is here of: it is counted",
    [followed("a", 1, true), { kind: "nowhere", epoch: 1, over: "shard_lost" }],
    [{ kind: "backOff", forMs: 500 }, { kind: "countLost" }, { kind: "drop", link: "a" }],
  ],
  [
    "a match is lost that was only to be watched: the gateways of its players count it",
    [{ kind: "watched" }, { kind: "nowhere", epoch: 1, over: "shard_lost" }],
    [
      { kind: "backOff", forMs: 500 },
      { kind: "refuseSpectators", code: "shard_lost", toAsking: "shard_lost" },
    ],
  ],
  [
    "the matchmaker has not answered for twelve seconds",
    [...playing, closed("a"), waited(12_000)],
    [{ kind: "askAgain" }],
  ],
  [
    "the matchmaker has not answered for longer: a lost match is given up",
    [...playing, closed("a"), waited(12_001)],
    [
      { kind: "giveUp", epoch: 1 },
      { kind: "withdraw" },
      { kind: "countLost" },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: { kind: "cancelled", reason: "shard_lost", matchSeq: 0 } },
      { kind: "forget", seat: 1 },
      { kind: "drop", link: undefined },
    ],
  ],
  [
    "the matchmaker does not say where a match is: it cannot be watched now",
    [{ kind: "watched" }, { kind: "locate" }, waited(12_001)],
    [
      { kind: "giveUp", epoch: 1 },
      { kind: "withdraw" },
      { kind: "refuseSpectators", code: "shard_unavailable", toAsking: "shard_unavailable" },
    ],
  ],
  [
    "a match ends for those who play it; nobody watches",
    [...playing, cancelled],
    [
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: cancelled },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "the last player leaves while the match is only looked for: the question is withdrawn",
    [joins(1, "a", 1, "cut off"), left(1)],
    [{ kind: "leave", seat: 1, forfeit: false }, { kind: "forget", seat: 1 }, { kind: "withdraw" }],
  ],
  [
    "the last player leaves a lost match: the next shard may need its log",
    [...playing, closed("a"), left(1)],
    [{ kind: "leave", seat: 1, forfeit: false }, { kind: "forget", seat: 1 }, { kind: "dropLater" }],
  ],
  [
    "a result is stored while a player waits for the match: the question stays",
    [...playing, cancelled, suspected("a"), joins(2, "a", 1, "suspected"), { kind: "stored" }],
    [{ kind: "drop", link: "a" }],
  ],
  [
    "a result is stored while somebody watches: the question stays",
    [...playing, { kind: "watched" }, cancelled, suspected("a"), { kind: "stored" }],
    [{ kind: "drop", link: "a" }],
  ],
  ["the log of an ended match that was not transferred is kept", [...playing, cancelled, { kind: "keepTimeOver" }], []],
  [
    "a transferred log that players here may need is kept",
    [...playing, relocated("b", 2), { kind: "keepTimeOver" }],
    [],
  ],
  [
    "a seat is refused for a reason that no other shard changes: the player hears it",
    [joins(1), refused("seat_taken")],
    [
      { kind: "notify", seat: 1, news: { kind: "joinRefused", why: "seat_taken" } },
      { kind: "forget", seat: 1 },
    ],
  ],
  ...["match_not_found", "stale_epoch", "match_over"].map(
    (code) =>
      [
        `a seat is refused (${code}): another shard may have the match`,
        [joins(1), refused(code)],
        [{ kind: "ask", epoch: 1, lost: false, waitMs: 0 }],
      ] as const,
  ),
  [
    "a seat is refused after three looks: the player hears it",
    [joins(1), ...LOOKS, ...LOOKS, ...LOOKS, refused("match_over")],
    [
      { kind: "notify", seat: 1, news: { kind: "joinRefused", why: "match_over" } },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "a seat is refused after two looks",
    [joins(1), ...LOOKS, ...LOOKS, refused("match_over")],
    [{ ...ASKS, waitMs: 500 }],
  ],
  ["a player comes whose shard is suspected", [joins(1, "a", 1, "suspected")], [{ ...ASKS, lost: true }]],
  [
    "the matchmaker names a shard that is suspected: it is asked again, later",
    [joins(1), relocated("b", 1, { hearing: "suspected" })],
    [{ kind: "backOff", forMs: 500 }, ...MOVES_TO_B, { ...ASKS, lost: true, waitMs: 250 }],
  ],
  [
    "the matchmaker names a shard that is not heard by a gateway that is cut off: it calls no shard lost",
    [joins(1), relocated("b", 1, { hearing: "cut off" })],
    [{ kind: "backOff", forMs: 500 }, ...MOVES_TO_B, { ...ASKS, waitMs: 250 }],
  ],
  [
    "the matchmaker names the shard that a player has asked: the answer is awaited",
    [joins(1), relocated("a", 1)],
    [{ kind: "backOff", forMs: 500 }],
  ],
  [
    "another shard has the match in the same epoch: it gets the log",
    [...playing, relocated("b", 1)],
    [
      { kind: "backOff", forMs: 500 },
      { kind: "unbind", link: "a" },
      { kind: "transferLog", link: "b", epoch: 1 },
      ...MOVES_TO_B,
    ],
  ],
  [
    "a match has ended elsewhere: its players hear how",
    [...playing, closed("a"), { kind: "nowhere", epoch: 1, over: "match_over", ended }],
    [
      { kind: "withdraw" },
      { kind: "backOff", forMs: 500 },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: { kind: "ended", ended } },
      { kind: "forget", seat: 1 },
      { kind: "drop", link: undefined },
    ],
  ],
  [
    "a match ends: who plays it hears how, and who has only asked for a seat is told by the shard",
    [...playing, joins(2), { kind: "ended", ended }],
    [
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: { kind: "ended", ended } },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "another connection takes the only seat: the match is the other gateway's",
    [...playing, { kind: "replaced", seat: 1 }],
    [
      { kind: "forget", seat: 1 },
      { kind: "drop", link: "a" },
    ],
  ],
  [
    "one of two players leaves: the match stays",
    [...playing, joins(2), left(1)],
    [
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "the last player leaves a match that is watched: it stays",
    [...playing, { kind: "watched" }, left(1)],
    [
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "forget", seat: 1 },
    ],
  ],
  [
    "the last spectator leaves a match that is asked for at one shard and followed from another: both hear it",
    [{ kind: "watched" }, relocated("a", 1), followed("b", 2), { kind: "unwatched" }],
    [
      { kind: "unwatch", link: "b" },
      { kind: "unwatch", link: "a" },
      { kind: "drop", link: "b" },
    ],
  ],
  [
    "the last spectator leaves before the shard has answered: it hears that",
    [{ kind: "watched" }, relocated("a", 1), { kind: "unwatched" }],
    [{ kind: "unwatch", link: "a" }],
  ],
  [
    "a match is said not to be watched that nobody watched: its shard hears it, and it stays",
    [...playing, { kind: "unwatched" }],
    [{ kind: "unwatch", link: "a" }],
  ],
  ["the last spectator leaves before a shard is found", [{ kind: "watched" }, { kind: "unwatched" }], []],
];

describe("what is done when", () => {
  it.each(CASES)("%s", (_, events, actions) => {
    expect(after(...events).actions).toEqual(actions);
  });

  it("the matchmaker has answered: the next questions wait for longer each time, up to a second", () => {
    const answers = [relocated("a", 1), relocated("a", 1), relocated("a", 1), relocated("a", 1)];
    const waits = answers.map((_, i) => after(joins(1), ...answers.slice(0, i + 1)).actions[0]);
    expect(waits).toEqual([500, 1000, 2000, 2000].map((forMs) => ({ kind: "backOff", forMs })));
    expect(after(joins(1), ...answers, refused("match_over")).actions).toEqual([
      { kind: "ask", epoch: 1, lost: false, waitMs: 1000 },
    ]);
  });

  it("a match is followed: it is for a replica, a player or a spectator, and not when they have left", () => {
    const follows: readonly (readonly Event[])[] = [
      [followed("a", 1, true)],
      [joins(1), followed("a")],
      [{ kind: "watched" }, followed("a")],
      [followed("a", 1, true), followed("a", 2)],
      [followed("a")],
      [joins(1), left(1), followed("a")],
    ];
    expect(follows.map((events) => after(...events).state.phase.kind)).toEqual([
      "following",
      "following",
      "following",
      "following",
      "located",
      "located",
    ]);
  });

  it("a match is nowhere: the question is answered", () => {
    const { state, actions } = after(...playing, closed("a"), { kind: "nowhere", epoch: 1, over: "shard_lost" });
    expect(actions.slice(0, 2)).toEqual([{ kind: "withdraw" }, { kind: "backOff", forMs: 500 }]);
    expect(state).toMatchObject({ question: undefined, backOffMs: 250 });
  });
});
