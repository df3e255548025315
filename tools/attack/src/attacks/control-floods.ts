import { randomBytes, randomUUID } from "node:crypto";
import type { Attack } from "../attack.ts";
import { type Flood, flooding } from "../flooding.ts";

/** A match at 30 ticks a second, beside other work on the same machine: what a player does not take for a break. */
const GAP_MS_MAX = 300;

const churn: Flood = {
  attackers: 10,
  perS: 110,
  send(socket, number) {
    const cancel = number % 2 === 1;
    socket.control({
      requestId: number + 1,
      message: cancel ? { case: "cancelQueue", value: {} } : { case: "enqueue", value: { mode: "duel", region: "" } },
    });
  },
};

/** At a room that is not theirs: it is looked up all the same. */
const room = randomUUID();
const talk: Flood = {
  attackers: 10,
  perS: 110,
  send(socket, number) {
    const key = randomBytes(8).toString("hex");
    socket.control({
      requestId: number + 1,
      message: { case: "chatSend", value: { channelId: room, body: "spam", key } },
    });
  },
};

const subscribe: Flood = {
  attackers: 4,
  perS: 90,
  send(socket, number) {
    socket.control({ requestId: number + 1, message: { case: "chatSubscribe", value: { cursors: [] } } });
  },
};

export const controlFloods: readonly Attack[] = [
  {
    name: "queue-churn",
    takes: "frames of a running match: ten guests enqueue and cancel 55 times a second each",
    honest: "match",
    shareMin: 0.95,
    worstMsMax: GAP_MS_MAX,
    landed: ["sent"],
    prepare: (target) => flooding(target, churn),
  },
  {
    name: "chat-send-match",
    takes: "frames of a running match: ten guests send 110 chat messages a second each",
    honest: "match",
    shareMin: 0.95,
    worstMsMax: GAP_MS_MAX,
    landed: ["sent"],
    prepare: (target) => flooding(target, talk),
  },
  {
    name: "chat-send",
    takes: "other people's chat: ten guests send 110 chat messages a second each",
    honest: "chat",
    shareMin: 1,
    worstMsMax: 1500,
    landed: ["sent"],
    prepare: (target) => flooding(target, talk),
  },
  {
    name: "chat-subscribe",
    takes: "other people's chat: four sockets subscribe 90 times a second each",
    honest: "chat",
    shareMin: 1,
    worstMsMax: 1500,
    landed: ["sent"],
    prepare: (target) => flooding(target, subscribe),
  },
];
