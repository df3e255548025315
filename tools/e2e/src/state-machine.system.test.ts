// STATE-MACHINE.md, walked: every request in every state of a connection has exactly one answer with its id, and it is this one.
import { type ClientControl, ClientControlSchema } from "@muster/contracts/realtime/v1";
import { PROTOCOL_VERSION } from "@muster/realtime";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Asker, type Request } from "./asker.ts";
import { type System, startSystem } from "./system.ts";

type Kind = NonNullable<ClientControl["message"]["case"]>;

const NOWHERE = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const SETTLED_MS = 300;
const JOIN_WITHIN_MS = 4000;

/** What a request says when everything about it is as it should be, but for what it speaks of. */
const REQUESTS: Readonly<Record<Kind, (asker: Asker) => object>> = {
  hello: ({ accessToken }) => ({ accessToken, protocolVersion: PROTOCOL_VERSION, client: "test" }),
  enqueue: () => ({ mode: "duel" }),
  cancelQueue: () => ({}),
  joinMatch: () => ({ seatTicket: "none" }),
  leaveMatch: () => ({}),
  ping: () => ({ payload: 5n }),
  chatSubscribe: () => ({ cursors: [] }),
  chatSend: () => ({ channelId: NOWHERE, body: "hello", key: "k" }),
  watchMatch: () => ({ matchId: NOWHERE }),
  stopWatching: () => ({}),
};

/** The answer's message, or its code where it is an error. */
const ALWAYS: Readonly<Partial<Record<Kind, string>>> = {
  hello: "welcome",
  ping: "pong",
  chatSubscribe: "chatChannels",
  chatSend: "channel_not_found",
  joinMatch: "seat_ticket_invalid",
  leaveMatch: "not_in_match",
  watchMatch: "match_not_found",
  stopWatching: "not_watching",
};

const STATES: Readonly<
  Record<string, { reach(asker: Asker, system: System): Promise<void>; answers: Record<Kind, string> }>
> = {
  idle: {
    reach: async () => undefined,
    answers: { ...ALWAYS, enqueue: "queued", cancelQueue: "not_queued" } as Record<Kind, string>,
  },
  queued: {
    reach: async (asker) => {
      expect(await ask(asker, "enqueue", { mode: "duel" })).toEqual(["queued"]);
    },
    answers: { ...ALWAYS, enqueue: "already_queued", cancelQueue: "queueLeft" } as Record<Kind, string>,
  },
  seated: {
    reach: async (asker, system) => {
      const other = await Asker.connected(system);
      await Promise.all([seat(asker, "walk"), seat(other, "walk")]);
      others.push(other);
    },
    answers: {
      ...ALWAYS,
      enqueue: "already_in_match",
      cancelQueue: "not_queued",
      leaveMatch: "matchCancelled",
      watchMatch: "already_in_match",
    } as Record<Kind, string>,
  },
};

const others: Asker[] = [];

describeWithServers("a connection", () => {
  let system: System;
  beforeAll(async () => {
    const mode = (options: object): object => ({ game: "duel", seats: 2, options });
    system = await startSystem({
      env: {
        MATCHMAKER_MODES: JSON.stringify({ duel: mode({}), walk: mode({ rounds: 1, roundTicks: 9000 }) }),
        MATCHMAKER_JOIN_WITHIN_MS: String(JOIN_WITHIN_MS),
        SHARD_JOIN_WITHIN_MS: String(JOIN_WITHIN_MS),
      },
    });
  });
  afterAll(async () => {
    for (const other of others) other.close();
    await system[Symbol.asyncDispose]();
  });

  it("has an answer for every request of the contract", () => {
    expect(Object.keys(REQUESTS).toSorted()).toEqual(
      ClientControlSchema.oneofs.flatMap(({ fields }) => fields.map(({ localName }) => localName)).toSorted(),
    );
  });

  describe.each(Object.entries(STATES))("that is %s", (_name, { reach, answers }) => {
    it.each(Object.entries(answers))("answers %s with %s, once", async (kind, answer) => {
      const asker = await Asker.connected(system);
      await reach(asker, system);
      expect(await ask(asker, kind as Kind, REQUESTS[kind as Kind](asker))).toEqual([answer]);
      asker.close();
    });
  });

  it("that comes back to its seat is told of the others' seats, not of its own", async () => {
    const [a, b] = await Promise.all([Asker.connected(system), Asker.connected(system)]);
    const [ticket] = await Promise.all([seat(a, "walk"), seat(b, "walk")]);
    const heardByOther = b.next(({ message }) => message.case === "seatStatus" && message.value.connected);
    a.close();
    const again = await Asker.connectedAs(a.accessToken, system);
    const heard = again.heard();
    expect(await ask(again, "joinMatch", { seatTicket: ticket })).toEqual(["matchJoined"]);
    await heardByOther;
    await again.isThere();
    expect(heard.filter((message) => message.case === "seatStatus")).toEqual([]);
    for (const asker of [again, b]) asker.close();
  });

  it("that asks for its seat after the match has one answer: it is over", async () => {
    const [a, b] = await Promise.all([Asker.connected(system), Asker.connected(system)]);
    const tickets = await Promise.all([seat(a, "walk"), seat(b, "walk")]);
    const ended = b.next(({ message }) => message.case === "matchEnded");
    expect(await ask(a, "leaveMatch", {})).toEqual(["matchCancelled"]);
    await ended;
    for (const [i, asker] of [a, b].entries()) {
      expect(await ask(asker, "joinMatch", { seatTicket: tickets[i] })).toEqual(["match_over"]);
      asker.close();
    }
  });

  it("that does not come to its match is told, once, that it is off", async () => {
    const [a, b] = await Promise.all([Asker.connected(system), Asker.connected(system)]);
    const heard = b.heard();
    const found = b.next(({ message }) => message.case === "matchFound");
    const off = b.next(({ message }) => message.case === "matchCancelled");
    const offForTheOther = a.next(({ message }) => message.case === "matchCancelled");
    await Promise.all([seat(a, "walk"), ask(b, "enqueue", { mode: "walk" })]);
    const { message } = await found;
    const matchId = message.case === "matchFound" ? message.value.matchId : "";
    const cancelled = { case: "matchCancelled", value: { matchId, reason: "no_show" } };
    expect((await offForTheOther).message).toMatchObject(cancelled);
    expect((await off).message).toMatchObject(cancelled);
    await b.isThere();
    expect(heard.filter((one) => one.case === "matchCancelled")).toHaveLength(1);
    for (const asker of [a, b]) asker.close();
  });

  it("does not queue for a mode that there is not", async () => {
    const asker = await Asker.connected(system);
    expect(await ask(asker, "enqueue", { mode: "chess" })).toEqual(["unknown_mode"]);
    expect(await ask(asker, "enqueue", { mode: "duel" })).toEqual(["queued"]);
    asker.close();
  });
});

async function ask(asker: Asker, kind: Kind, value: object): Promise<string[]> {
  const answers = await asker.answersTo({ case: kind, value } as Request, SETTLED_MS);
  return answers.map((answer) => (answer.case === "error" ? answer.value.code : (answer.case as string)));
}

/** @returns its ticket */
async function seat(asker: Asker, mode: string): Promise<string> {
  const found = asker.next(({ message }) => message.case === "matchFound");
  await ask(asker, "enqueue", { mode });
  const { message } = await found;
  if (message.case !== "matchFound") throw new Error("no match");
  const { seatTicket } = message.value;
  expect(await ask(asker, "joinMatch", { seatTicket })).toEqual(["matchJoined"]);
  return seatTicket;
}
