// Of a server: how connections begin and end, and what they may ask in which state.
import { readFileSync } from "node:fs";
import { PROTOCOL_VERSION, SUBPROTOCOL } from "@muster/realtime";
import type { Check } from "../checks.ts";
import { holds, pause, same } from "../expect.ts";
import { type Bench, positive } from "./bench.ts";
import { helloOf, type Kind, rest, Socket } from "./player.ts";

export const NOWHERE = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const AUTH_WITHIN_MS = 8000;
const REVOKED_WITHIN_MS = 15_000;
const FLOOD = 6000;
const GOLDEN = new URL("../../../../contracts/realtime/golden/messages.json", import.meta.url);

type State = "idle" | "queued" | "seated";
/** The answer's kind or code. */
const ALWAYS: Readonly<Partial<Record<Kind, string>>> = {
  ping: "pong",
  hello: "welcome",
  joinMatch: "seat_ticket_invalid",
  chatSend: "channel_not_found",
};
const ANSWERS: Readonly<Record<State, readonly (readonly [Kind, string])[]>> = {
  idle: [
    ["cancelQueue", "not_queued"],
    ["leaveMatch", "not_in_match"],
    ["watchMatch", "match_not_found"],
    ["stopWatching", "not_watching"],
  ],
  queued: [
    ["enqueue", "already_queued"],
    ["leaveMatch", "not_in_match"],
    ["watchMatch", "match_not_found"],
    ["stopWatching", "not_watching"],
    ["cancelQueue", "queueLeft"],
  ],
  seated: [
    ["enqueue", "already_in_match"],
    ["watchMatch", "already_in_match"],
    ["cancelQueue", "not_queued"],
    ["stopWatching", "not_watching"],
    ["leaveMatch", "matchCancelled"],
  ],
};

export const CONNECTION_CHECKS: readonly Check<Bench>[] = [
  {
    name: "answers every request in every state, once, as the table says",
    rows: [
      "state/idle",
      "state/queued",
      "state/seated",
      "states/the-right-column",
      "states/every-control-message",
      "error/not_queued",
      "error/already_queued",
      "error/not_in_match",
      "error/already_in_match",
      "error/seat_ticket_invalid",
      "error/match_not_found",
      "error/not_watching",
      "error/channel_not_found",
    ],
    async run(bench) {
      const mode = await bench.mode();
      for (const state of ["idle", "queued"] as const) {
        const { account, socket } = await bench.connected();
        await bench.queueing(async () => {
          if (state === "queued") same((await socket.ask("enqueue", { mode })).kind, "queued", "the answer to Enqueue");
          await walk(socket, account.accessToken, state, mode);
        });
      }
      const [one, other] = await bench.seated();
      await walk(one.socket, one.account.accessToken, "seated", mode);
      other.socket.cut();
    },
  },
  {
    name: "answers what is sent behind JoinMatch, before it is answered",
    rows: ["state/joining", "match/the-simulation-starts"],
    async run(bench) {
      const [one, other] = await bench.matched();
      const join = one.socket.send({ case: "joinMatch", value: { seatTicket: one.ticket, lastMatchSeq: 0 } } as never);
      const enqueue = one.socket.send({ case: "enqueue", value: { mode: await bench.mode() } } as never);
      one.socket.input(1, 0, new Uint8Array(1));
      const ping = one.socket.send({ case: "ping", value: { payload: 7n } } as never);
      same((await one.socket.answer(ping, "Ping")).kind, "pong", "the answer to Ping while joining");
      same(
        (await one.socket.answer(enqueue, "Enqueue")).kind,
        "already_in_match",
        "the answer to Enqueue while joining",
      );
      same((await one.socket.answer(join, "JoinMatch")).kind, "matchJoined", "the answer to JoinMatch");
      await one.socket.refusal("not_in_match");
      for (const { socket } of [one, other]) socket.cut();
    },
  },
  {
    name: "closes a connection that asks for something before Hello with 4502, and one that says nothing with 4002",
    rows: ["state/unauthenticated", "close/4502", "close/4002"],
    async run(bench) {
      const silent = bench.bare();
      const early = bench.bare();
      await early.opened;
      early.send({ case: "ping", value: { payload: 1n } } as never);
      same(await early.code("a Ping before Hello"), 4502, "the code after a Ping before Hello");
      same(await silent.code("silence", AUTH_WITHIN_MS), 4002, "the code after silence");
    },
  },
  {
    name: "welcomes a good token, extends a connection with a newer one, and refuses other tokens and versions",
    rows: ["states/every-control-message", "close/4501", "close/4506"],
    async run(bench) {
      const [own, other] = [await bench.guest(), await bench.guest()];
      const socket = bench.bare();
      await socket.opened;
      const { kind, value } = await socket.answer(socket.send(helloOf(own.accessToken)), "Hello");
      same(
        [kind, value["playerId"], value["protocolVersion"]],
        ["welcome", own.playerId, PROTOCOL_VERSION],
        "the answer to Hello",
      );
      positive(value["tokenEndsInMs"], "token_ends_in_ms");
      const { body } = await rest(bench.url, "POST", "/v1/auth/refresh", { body: { refreshToken: own.refreshToken } });
      const again = await socket.answer(
        socket.send(helloOf(body["accessToken"] as string)),
        "Hello with a newer token",
      );
      same(again.kind, "welcome", "the answer to Hello with a newer token");
      socket.send(helloOf(other.accessToken));
      same(await socket.code("another player's token"), 4501, "the code after another player's token");
      for (const [token, version, code] of [
        ["x.y.z", PROTOCOL_VERSION, 4501],
        [own.accessToken, 99, 4506],
        ["x.y.z", 99, 4506],
        ["", PROTOCOL_VERSION, 4500],
      ] as const) {
        const refused = bench.bare();
        await refused.opened;
        refused.send(helloOf(token, version));
        same(
          await refused.code("Hello"),
          code,
          `the code after Hello of version ${version} with the token "${token.slice(0, 5)}"`,
        );
      }
    },
  },
  {
    name: "refuses an upgrade without the sub-protocol, and selects no other",
    rows: ["state/unauthenticated"],
    async run(bench) {
      const socket = new Socket(bench.url, bench.withinMs, []);
      const status = new Promise<number>((resolve) =>
        socket.raw.once("unexpected-response", (_, res) => resolve(res.statusCode ?? 0)),
      );
      socket.raw.once("open", () => socket.cut());
      same(await Promise.race([status, socket.closed]), 400, "the answer to an upgrade without the sub-protocol");
      const { socket: good } = await bench.connected();
      same(good.raw.protocol, SUBPROTOCOL, "the selected sub-protocol");
      good.cut();
    },
  },
  {
    name: "closes with 4500 for bytes that are no message: the vectors of golden/messages.json",
    rows: ["close/4500"],
    async run(bench) {
      const { refused } = JSON.parse(readFileSync(GOLDEN, "utf8")) as {
        refused: { name: string; frame: string; close: number }[];
      };
      const account = await bench.guest();
      for (const { name, frame, close } of refused) {
        const { socket } = await bench.connected(account);
        socket.bytes(Buffer.from(frame, "hex"));
        same(await socket.code(name), close, `the code after ${name}`);
      }
      const { socket } = await bench.connected(account);
      socket.raw.send("a text");
      same(await socket.code("a text"), 4500, "the code after a text message");
    },
  },
  {
    name: "refuses requests that break a rule, that it does not know, and that are too large, and stays",
    rows: [
      "error/invalid_request",
      "error/unknown_request",
      "error/request_too_large",
      "error/unknown_mode",
      "errors/these-are",
      "limit/frame-from-a-client",
      "disconnects/other-codes",
    ],
    async run(bench) {
      const { socket } = await bench.connected();
      const invalid = await socket.ask("watchMatch", { matchId: "not an id" });
      same(
        [invalid.kind, /match_?id/i.test(String(invalid.value["message"]))],
        ["invalid_request", true],
        "the refusal of an id that is none, and whether it names the field",
      );
      same(
        (await socket.ask("enqueue", { mode: "no-such-mode" })).kind,
        "unknown_mode",
        "the refusal of a mode that there is not",
      );
      socket.bytes(Buffer.from("0108059a0600", "hex")); // request 5, field 99
      same(
        (await socket.answer(5, "a request of an unknown kind")).kind,
        "unknown_request",
        "the refusal of an unknown request",
      );
      const large = socket.send({
        case: "hello",
        value: { accessToken: "x".repeat(8190), protocolVersion: 1, client: "" },
      } as never);
      same(
        (await socket.answer(large, "a request of 8,200 bytes")).kind,
        "request_too_large",
        "the refusal of a large request",
      );
      socket.input(1, 0, new Uint8Array(8300));
      await socket.refusal("input_malformed");
      same(
        (await socket.ask("ping", { payload: 2n ** 64n - 1n })).value["payload"],
        2n ** 64n - 1n,
        "the payload of Pong",
      );
      socket.bytes(new Uint8Array(65_537).fill(1));
      same(await socket.code("65,537 bytes"), 1006, "the code after 65,537 bytes");
    },
  },
  {
    name: "closes floods with 4504",
    rows: ["close/4504", "limit/frames-of-any-kind", "limit/websocket-pings", "limit/control-messages-per-player"],
    async run(bench) {
      const floods: Record<string, (socket: Socket) => void> = {
        inputs: (socket) => socket.input(1, 0, new Uint8Array(1)),
        "WebSocket pings": (socket) => socket.raw.ping("x"),
        requests: (socket) => void socket.send({ case: "cancelQueue", value: {} } as never),
      };
      for (const [what, flood] of Object.entries(floods)) {
        const { socket } = await bench.connected();
        for (let i = 0; i < (what === "inputs" ? FLOOD : FLOOD / 10) && socket.raw.readyState === 1; i++) flood(socket);
        same(await socket.code(`a flood of ${what}`), 4504, `the code after a flood of ${what}`);
      }
    },
  },
  {
    name: "closes the connections of a session that was ended with 4005",
    rows: ["close/4005"],
    async run(bench) {
      const { account, socket } = await bench.connected();
      same(
        (await rest(bench.url, "POST", "/v1/auth/logout", { body: { refreshToken: account.refreshToken } })).status,
        204,
        "the status of a log-out",
      );
      same(await socket.code("a log-out", REVOKED_WITHIN_MS), 4005, "the code after a log-out");
    },
  },
  ...(
    [
      "hello",
      "enqueue",
      "cancelQueue",
      "joinMatch",
      "leaveMatch",
      "ping",
      "chatSubscribe",
      "chatSend",
      "watchMatch",
      "stopWatching",
    ] as const
  ).map(rate),
  {
    name: "refuses too many requests of unknown kinds",
    rows: ["rate/any-unknown", "limits/how-often"],
    async run(bench) {
      const { socket } = await bench.connected();
      for (let i = 1; i <= 14; i++) socket.bytes(Uint8Array.of(1, 0x08, i, 0x9a, 0x06, 0));
      same(
        (await socket.answer(14, "an unknown request")).kind,
        "rate_limited",
        "the refusal of the 14th unknown request",
      );
      socket.cut();
    },
  },
];

/** How often each may be sent at once. */
const AT_ONCE: Readonly<Record<Kind, number>> = {
  hello: 5,
  enqueue: 10,
  cancelQueue: 10,
  joinMatch: 10,
  leaveMatch: 10,
  ping: 40,
  chatSubscribe: 5,
  chatSend: 10,
  watchMatch: 10,
  stopWatching: 10,
};

function rate(kind: Kind): Check<Bench> {
  return {
    name: `refuses ${kind} beyond its rate, and says when it may be sent again`,
    rows: [`rate/${kind.toLowerCase()}`, "limits/how-often", "error/rate_limited", "limit/control-messages-per-player"],
    async run(bench) {
      const { account, socket } = await bench.connected();
      const value = requestOf(kind, account.accessToken, "no-such-mode");
      const ids = Array.from({ length: AT_ONCE[kind] + 8 }, () => socket.send({ case: kind, value } as never));
      const answers = [];
      for (const id of ids) answers.push(await socket.answer(id, kind));
      const refused = answers.filter((answer) => answer.kind === "rate_limited");
      holds(
        answers.slice(0, AT_ONCE[kind]).every((answer) => answer.kind !== "rate_limited"),
        `${kind} is refused before ${AT_ONCE[kind]} were sent`,
      );
      holds(refused.length > 0, `${answers.length} ${kind} at once are all accepted`);
      const wait = Number(refused.at(-1)?.value["retryAfterMs"]);
      positive(wait, "retry_after_ms");
      await pause(wait);
      holds((await socket.ask(kind, value)).kind !== "rate_limited", `${kind} is refused after retry_after_ms`);
      socket.cut();
    },
  };
}

function requestOf(kind: Kind, accessToken: string, mode: string): object {
  const values: Partial<Record<Kind, object>> = {
    hello: { accessToken, protocolVersion: PROTOCOL_VERSION, client: "conformance" },
    enqueue: { mode },
    joinMatch: { seatTicket: "none" },
    ping: { payload: 5n },
    chatSubscribe: { cursors: [] },
    chatSend: { channelId: NOWHERE, body: "hello", key: "k" },
    watchMatch: { matchId: NOWHERE },
  };
  return values[kind] ?? {};
}

async function walk(socket: Socket, accessToken: string, state: State, mode: string): Promise<void> {
  for (const [kind, wanted] of [...(Object.entries(ALWAYS) as [Kind, string][]), ...ANSWERS[state]]) {
    const requestId = socket.send({ case: kind, value: requestOf(kind, accessToken, mode) } as never);
    same((await socket.answer(requestId, kind)).kind, wanted, `the answer to ${kind} in the state ${state}`);
    await socket.ask("ping", { payload: 1n });
    holds(
      !socket.told.untaken.some((one) => one.requestId === requestId),
      `${kind} in the state ${state} has two answers`,
    );
  }
  if (state === "seated") return socket.cut();
  socket.input(1, 0, new Uint8Array(1));
  same((await socket.refusal("not_in_match")).count, 1, `the count of refused inputs in the state ${state}`);
  socket.cut();
}
