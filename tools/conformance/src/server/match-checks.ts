// Of a client: how it queues, plays, watches and comes back.
import { inputCodecOf } from "@muster/game-kit";
import { randomUUID } from "node:crypto";
import type { Check } from "../checks.ts";
import { holds, same } from "../expect.ts";
import { type Connection, quiet, type SentInput } from "./connection.ts";
import { joined, QUIET_MS, type Scene } from "./scene.ts";
import { DESCRIPTION, SCRIPTED_GAME, ScriptedMatch } from "./scripted-game.ts";

const HELD = { left: true, fire: false, aim: 100 };
const PAYLOAD = Buffer.from(inputCodecOf(SCRIPTED_GAME.input).encode(HELD)).toString("hex");

export const QUEUE_CHECKS: readonly Check<Scene>[] = [
  {
    name: "leaves the queue with CancelQueue, and says so when it is answered",
    rows: ["state/queued", "queue/cancelqueue"],
    async run(scene) {
      const connection = await scene.connected();
      const { ticketId, waiting } = await scene.queued(connection);
      const cancelled = scene.driver.refusal(waiting);
      const cancelling = scene.driver.do("cancel");
      const { requestId } = await connection.asked("cancelQueue");
      connection.tell({ case: "queueLeft", value: { ticketId, reason: "cancelled" } }, requestId);
      same((await cancelled).code, "cancelled", "the outcome of the wait");
      await cancelling;
    },
  },
  {
    name: "waits on while nobody is paired in its queue, whatever the reason, and takes the match that comes after all",
    rows: ["queue/while-no-shard-takes-another-match-of", "paused/no_room", "paused/shards_busy", "paused/no_shard"],
    async run(scene) {
      const connection = await scene.connected();
      const { ticketId, waiting } = await scene.queued(connection);
      for (const paused of ["no_room", "shards_busy", "no_shard", "a_reason_of_later", ""])
        connection.tell({ case: "queueStatus", value: { ticketId, paused } });
      await scene.staysOn(connection, "while its queue is paused");
      const found = scene.found(ticketId, connection);
      connection.tell({ case: "matchFound", value: found });
      same((await waiting)["matchId"], found.matchId, "the match that the client found");
    },
  },
  {
    name: "says why it was taken out of the queue, and when it may queue again",
    rows: [
      "queue/a-player-has-at-most-one-ticket",
      "queue/a-player-who-does-not-join",
      "queue/practice_limited",
      "state/idle",
    ],
    async run(scene) {
      const connection = await scene.connected();
      for (const [reason, retryAfterMs] of [
        ["replaced", 0],
        ["no_show_cooldown", 10_000],
        ["practice_limited", 5000],
      ] as const) {
        const { ticketId, waiting } = await scene.queued(connection);
        connection.tell({ case: "queueLeft", value: { ticketId, reason, retryAfterMs } });
        const refusal = await scene.driver.refusal(waiting);
        same([refusal.code, refusal.retryAfterMs], [reason, retryAfterMs], "the outcome of the wait");
      }
      await scene.staysOn(connection, "after it was taken out of the queue");
    },
  },
  {
    name: "queues again with its ticket after a lost connection, and takes the seat that it already held",
    rows: ["queue/a-player-has-at-most-one-seat", "queue/matchfound"],
    async run(scene) {
      const before = await scene.connected();
      const { ticketId, waiting } = await scene.queued(before);
      before.cut();
      const connection = await scene.back();
      const { value } = await connection.asked("enqueue");
      same([value.mode, value.resumeTicketId], ["conformance", ticketId], "Enqueue after a lost connection");
      const found = scene.found(ticketId, connection, { held: true, seat: 1 });
      connection.tell({ case: "matchFound", value: found });
      const answer = await waiting;
      same(
        [answer["matchId"], answer["seat"], answer["held"]],
        [found.matchId, 1, true],
        "the match that the client found",
      );
    },
  },
  {
    name: "knows which players are bots",
    rows: ["queue/a-mode-may-fill"],
    async run(scene) {
      const connection = await scene.connected();
      const { ticketId, waiting } = await scene.queued(connection);
      const found = scene.found(ticketId, connection);
      for (const player of found.players?.slice(1) ?? []) player.bot = "rookie";
      connection.tell({ case: "matchFound", value: found });
      same((await waiting)["bots"], ["rookie"], "the bots of the match");
    },
  },
];

export const MATCH_CHECKS: readonly Check<Scene>[] = [
  {
    name: "sends no input before it has its seat, and joins with the seat ticket",
    rows: ["state/joining", "match/joinmatch"],
    async run(scene) {
      const { connection, found } = await scene.matched();
      const joining = scene.driver.do("join");
      const { requestId, value } = await connection.asked("joinMatch");
      same(value.seatTicket, found.seatTicket, "the seat ticket");
      scene.driver.do("input", { value: HELD }).catch(() => undefined);
      await quiet(connection, QUIET_MS, "what was sent before MatchJoined");
      connection.tell(joined(found), requestId);
      connection.frame(new ScriptedMatch().keyframe());
      await joining;
    },
  },
  {
    name: "joins again with the same ticket where no shard had the match, and is idle where there is nothing to join",
    rows: ["match/joinmatch", "queue/a-seat-becomes-free"],
    async run(scene) {
      const { connection, found } = await scene.matched();
      for (const code of ["shard_unavailable", "match_over"]) {
        const refused = scene.driver.refusal(scene.driver.do("join"));
        const { requestId, value } = await connection.asked("joinMatch");
        same(value.seatTicket, found.seatTicket, "the seat ticket");
        connection.refuse(code, requestId, { retryable: code === "shard_unavailable" });
        same((await refused).code, code, "what the client says of its seat");
      }
      await scene.queued(connection);
    },
  },
  {
    name: "follows keyframes and deltas to the bit, drops deltas that do not follow, and goes on with the next keyframe",
    rows: ["state/seated", "match/a-keyframe-follows", "match/the-simulation-starts"],
    async run(scene) {
      const { connection, match } = await scene.seated();
      for (let i = 0; i < 30; i++) connection.frame(match.delta());
      await scene.sees(match.seen, "30 deltas");
      const before = match.seen;
      match.delta(); // lost
      for (let i = 0; i < 5; i++) connection.frame(match.delta());
      await scene.staysOn(connection, "after deltas that do not follow");
      await scene.sees(before, "deltas that do not follow");
      connection.frame(match.keyframe());
      connection.frame(match.delta(5));
      await scene.sees(match.seen, "a keyframe and a delta");
    },
  },
  {
    name: "numbers its inputs upwards from 1 and packs them, and lives with their refusal",
    rows: ["match/an-input-is-applied", "match/a-refused-input", "limit/inputs-per-second"],
    async run(scene) {
      const { connection, match } = await scene.seated();
      connection.frame(match.delta());
      let last = 0;
      for (const value of [HELD, { left: false, fire: true, aim: 3 }, HELD]) {
        await scene.driver.do("input", { value });
        const input = await connection.input();
        const packed = Buffer.from(inputCodecOf(SCRIPTED_GAME.input).encode(value)).toString("hex");
        same(
          [Buffer.from(input.payload).toString("hex"), input.seq > last],
          [packed, true],
          "an input's payload, and whether its number rises",
        );
        last = input.seq;
        connection.frame(match.delta(input.seq));
      }
      connection.refuse("input_too_fast", 0, { count: 7 });
      const refused = await scene.driver.event("refused");
      same([refused["code"], refused["count"]], ["input_too_fast", 7], "the refusal of inputs");
      await scene.sees(match.seen, "acknowledged inputs");
      await scene.staysOn(connection, "after refused inputs");
    },
  },
  {
    name: "returns to its seat after a lost connection, and goes on above the inputs that the shard has",
    rows: ["match/a-player-whose-connection", "match/a-returning-player", "match/a-seat-ticket-stays-valid"],
    async run(scene) {
      const seated = await scene.seated();
      const { connection, match } = seated;
      connection.frame(match.delta());
      await scene.driver.do("input", { value: { left: false, fire: false, aim: 1 } });
      const first = await connection.input();
      connection.frame(match.delta(first.seq));
      await scene.sees(match.seen, "the first input");
      await scene.driver.do("input", { value: HELD });
      await connection.input();
      connection.cut();
      const after = await scene.returned(seated, { lastInputSeq: first.seq, lastMatchSeq: 0 });
      await expectHeld(await after.input(), first.seq);
      after.frame(match.delta());
      await scene.sees(match.seen, "a delta after the return");
    },
  },
  {
    name: "tells of other seats once, by match_seq, and says the highest one when it returns",
    rows: ["match/seatstatus"],
    async run(scene) {
      const seated = await scene.seated();
      const { connection, found } = seated;
      const status = (connected: boolean, graceMs: number, matchSeq: number): void =>
        connection.tell(
          { case: "seatStatus", value: { matchId: found.matchId, seat: 1, connected, graceMs } },
          0,
          matchSeq,
        );
      status(false, 20_000, 3);
      status(false, 1, 3);
      status(false, 2, 2);
      status(true, 0, 4);
      const events = [await scene.driver.event("seat"), await scene.driver.event("seat")];
      same(
        events.map((one) => [one["seat"], one["connected"], one["graceMs"]]),
        [
          [1, false, 20_000],
          [1, true, 0],
        ],
        "what is told of the other seat",
      );
      connection.cut();
      await scene.returned(seated, { lastInputSeq: 0, lastMatchSeq: 4 });
    },
  },
  {
    name: "gives up its seat with LeaveMatch",
    rows: ["match/leavematch", "queue/a-seat-becomes-free"],
    async run(scene) {
      const { connection, found } = await scene.seated();
      const leaving = scene.driver.do("leave");
      const { requestId } = await connection.asked("leaveMatch");
      connection.tell({ case: "matchCancelled", value: { matchId: found.matchId, reason: "left" } }, requestId, 1);
      await leaving;
      same((await scene.driver.event("cancelled"))["reason"], "left", "why the match is over");
      await scene.queued(connection);
    },
  },
  {
    name: "says the result, with the hash of the last state",
    rows: ["match/matchended"],
    async run(scene) {
      const { connection, match, found } = await scene.seated();
      for (let i = 0; i < 3; i++) connection.frame(match.delta());
      connection.tell(...ended(found.matchId, match));
      await expectEnd(scene, match);
      await scene.queued(connection);
    },
  },
  {
    name: "is told the result of a match that ended while it was away",
    rows: ["match/matchended"],
    async run(scene) {
      const seated = await scene.seated();
      seated.connection.cut();
      for (let i = 0; i < 3; i++) seated.match.delta();
      const after = await scene.returned(seated, { lastInputSeq: 0 });
      after.tell(...ended(seated.found.matchId, seated.match));
      await expectEnd(scene, seated.match);
    },
  },
  {
    name: "is told the result before its return is refused",
    rows: ["match/matchended"],
    async run(scene) {
      const { connection, match, found } = await scene.seated();
      connection.cut();
      const after = await scene.back();
      const { requestId } = await after.asked("joinMatch");
      after.tell(...ended(found.matchId, match));
      after.refuse("match_over", requestId);
      await expectEnd(scene, match);
      await scene.staysOn(after, "after the match was over");
    },
  },
  {
    name: "goes on where another shard goes on, with the inputs that the first one lost",
    rows: ["match/if-the-shard-is-lost", "match/a-seat-ticket-stays-valid"],
    async run(scene) {
      const seated = await scene.seated();
      const { connection, match, found } = seated;
      connection.frame(match.delta());
      await scene.driver.do("input", { value: { left: false, fire: false, aim: 1 } });
      const first = await connection.input();
      connection.frame(match.delta(first.seq));
      await scene.sees(match.seen, "the first input");
      await scene.driver.do("input", { value: HELD });
      await connection.input();
      connection.tell(joined(found, { resumed: true, lastInputSeq: first.seq }));
      connection.frame(match.keyframe());
      await expectHeld(await connection.input(), first.seq);
      connection.frame(match.delta());
      await scene.sees(match.seen, "a delta of the other shard");
      connection.tell({ case: "matchCancelled", value: { matchId: found.matchId, reason: "shard_lost" } }, 0, 9);
      same((await scene.driver.event("cancelled"))["reason"], "shard_lost", "why the match is over");
    },
  },
  {
    name: "plays a match without a clock",
    rows: ["match/a-game-without-a-clock"],
    async run(scene) {
      const { connection, match } = await scene.seated(0);
      await scene.driver.do("input", { value: HELD });
      const { seq } = await connection.input();
      connection.frame(match.delta(seq));
      await scene.sees(match.seen, "a step");
    },
  },
];

export const WATCHING_CHECKS: readonly Check<Scene>[] = [
  {
    name: "watches a match until it is over, also after a lost connection",
    rows: ["watching/watchmatch", "watching/watchended", "watching/a-client-can-watch"],
    async run(scene) {
      const [matchId, match] = [randomUUID(), new ScriptedMatch()];
      let connection = await scene.connected();
      const watching = scene.driver.do("watch", { matchId, gameId: DESCRIPTION.gameId });
      const answer = async (): Promise<void> => {
        const { requestId, value } = await connection.asked("watchMatch");
        same(value.matchId, matchId, "the match that is watched");
        const { gameId, buildId, layoutHash, tickRate } = DESCRIPTION;
        const about = { gameId, buildId, layoutHash, tickRate, seats: 2, options: { rounds: 1 } };
        connection.tell({ case: "watching", value: { matchId, delayMs: 400, ...about } }, requestId);
        connection.frame(match.keyframe());
      };
      await answer();
      same((await watching)["delayMs"], 400, "the delay that the client says");
      for (let i = 0; i < 3; i++) connection.frame(match.delta());
      await scene.sees(match.seen, "deltas of a watched match");
      connection.cut();
      connection = await scene.back();
      match.delta();
      await answer();
      await scene.sees(match.seen, "the keyframe after a lost connection");
      connection.tell({ case: "watchEnded", value: { matchId, reason: "ended" } });
      same((await scene.driver.event("watch-ended"))["reason"], "ended", "why watching ended");
    },
  },
  {
    name: "stops watching when it is asked to, also while it waits in a queue",
    rows: ["watching/a-client-can-watch", "watching/watchended"],
    async run(scene) {
      const matchId = randomUUID();
      const connection = await scene.connected();
      await scene.queued(connection);
      const watching = scene.driver.do("watch", { matchId, gameId: DESCRIPTION.gameId });
      const asked = await connection.asked("watchMatch");
      const { gameId, buildId, layoutHash, tickRate } = DESCRIPTION;
      connection.tell(
        { case: "watching", value: { matchId, gameId, buildId, layoutHash, tickRate, seats: 2 } },
        asked.requestId,
      );
      await watching;
      const stopping = scene.driver.do("stop-watching");
      const { requestId } = await connection.asked("stopWatching");
      connection.tell({ case: "watchEnded", value: { matchId, reason: "stopped" } }, requestId);
      await stopping;
    },
  },
];

function ended(matchId: string, { seen }: ScriptedMatch): Parameters<Connection["tell"]> {
  const seats = [
    { seat: 0, score: -2, rank: 2 },
    { seat: 1, score: 5, rank: 1 },
  ];
  return [
    {
      case: "matchEnded",
      value: { matchId, reason: "played", seats: seats as never, ticks: seen.tick, stateHash: seen.hash },
    },
    0,
    8,
  ];
}

async function expectEnd(scene: Scene, { seen }: ScriptedMatch): Promise<void> {
  const end = await scene.driver.event("ended");
  same(
    [end["reason"], end["ticks"], end["stateHash"], end["scores"], end["ranks"]],
    ["played", seen.tick, seen.hash, [-2, 5], [2, 1]],
    "the result that the client says",
  );
}

async function expectHeld({ seq, payload }: SentInput, above: number): Promise<void> {
  holds(seq > above, `the input after the return has the number ${seq}, which is not above ${above}`);
  same(Buffer.from(payload).toString("hex"), PAYLOAD, "the input that the player holds");
}
