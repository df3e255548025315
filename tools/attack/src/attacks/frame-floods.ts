import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { encodeInput } from "@muster/realtime";
import type { Attack } from "../attack.ts";
import type { AttackSocket } from "../attacker.ts";
import { type Flood, flooding } from "../flooding.ts";

const GAP_MS_MAX = 300;
/** Of a chunk: as many as a server may read at once. */
const FRAMES_AT_ONCE = 20_000;
const FIN = 0x80;
const [CONTINUATION, BINARY, PING] = [0, 2, 9];

/** A masked frame without a payload. */
function empty(opcode: number, fin: boolean): Buffer {
  return Buffer.concat([Buffer.of((fin ? FIN : 0) | opcode, 0x80), randomBytes(4)]);
}

const PINGS = Buffer.concat(Array.from({ length: FRAMES_AT_ONCE }, () => empty(PING, true)));
/** A message that begins and never ends. */
const BEGINNING = empty(BINARY, false);
const CONTINUATIONS = Buffer.concat(Array.from({ length: FRAMES_AT_ONCE }, () => empty(CONTINUATION, false)));

function write(socket: AttackSocket, bytes: Buffer): void {
  (socket.raw as unknown as { _socket: Socket })._socket.write(bytes);
}

const begun = new WeakSet<AttackSocket>();

const inputs: Flood = {
  attackers: 5,
  perS: 1800,
  send: (socket, number) => socket.frame(encodeInput(number + 1, 0, Uint8Array.of(1))),
};
/** Each is a chunk of empty pings. */
const pings: Flood = { attackers: 5, perS: 40, send: (socket) => write(socket, PINGS) };
const continuations: Flood = {
  attackers: 5,
  perS: 40,
  send(socket) {
    if (!begun.has(socket)) write(socket, BEGINNING);
    begun.add(socket);
    write(socket, CONTINUATIONS);
  },
};

export const frameFloods: readonly Attack[] = [
  {
    name: "input-flood",
    takes: "frames of a running match: five sockets send 1,800 inputs a second each",
    honest: "match",
    shareMin: 0.95,
    worstMsMax: GAP_MS_MAX,
    landed: ["sent"],
    prepare: (target) => flooding(target, inputs),
  },
  {
    name: "ping-flood",
    takes: "frames of a running match: five sockets send 800,000 empty WebSocket pings a second each",
    honest: "match",
    shareMin: 0.95,
    worstMsMax: GAP_MS_MAX,
    landed: ["sent"],
    prepare: (target) => flooding(target, pings),
  },
  {
    name: "continuation-flood",
    takes: "frames of a running match: five sockets send 800,000 empty continuations a second each",
    honest: "match",
    shareMin: 0.95,
    worstMsMax: GAP_MS_MAX,
    landed: ["sent"],
    prepare: (target) => flooding(target, continuations),
  },
];
