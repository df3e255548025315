// The WebSocket protocol itself (RFC 6455), from a client that writes its own bytes: what the public conformance suites
// try, case by case. Autobahn's own suite runs on Python 2 only, which is no more to be had; so its cases that concern a
// binary protocol without compression are written down here. After each of them a well-behaved player still plays.
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { DISCONNECTS, encodeClientControl, encodeInput, FRAME_BYTES_MAX, PROTOCOL_VERSION } from "@muster/realtime";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DuelMatch, guest, pilot, playing } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

interface FrameOptions {
  readonly fin?: boolean;
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Said instead of the real length. */
  readonly saysLength?: number;
}

function frame(opcode: number, payload: Uint8Array, options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, saysLength = payload.length } = options;
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mask = masked ? 0x80 : 0;
  if (saysLength < 126) head.push(mask | saysLength);
  else if (saysLength < 65_536) head.push(mask | 126, saysLength >> 8, saysLength & 255);
  else
    head.push(
      mask | 127,
      0,
      0,
      0,
      0,
      (saysLength >>> 24) & 255,
      (saysLength >> 16) & 255,
      (saysLength >> 8) & 255,
      saysLength & 255,
    );
  if (!masked) return Buffer.concat([Buffer.from(head), payload]);
  const key = randomBytes(4);
  const body = Buffer.from(payload.map((byte, i) => byte ^ (key[i & 3] as number)));
  return Buffer.concat([Buffer.from(head), key, body]);
}

class RawClient {
  readonly socket: Socket;
  readonly frames: { opcode: number; payload: Buffer }[] = [];
  ended = false;
  #bytes = Buffer.alloc(0);
  #upgraded = false;

  get upgraded(): boolean {
    return this.#upgraded;
  }

  constructor(url: URL, extra: readonly string[] = []) {
    this.socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => (this.ended = true));
    this.socket.on("data", (chunk) => this.#read(chunk));
    this.socket.write(
      [
        `GET ${url.pathname} HTTP/1.1`,
        `Host: ${url.host}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: muster.v1",
        ...extra,
        "\r\n",
      ].join("\r\n"),
    );
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The close frame's code; undefined when the connection just ended. */
  async closed(): Promise<number | undefined> {
    await until(() => (this.ended || this.frames.some(({ opcode }) => opcode === CLOSE) ? undefined : "still open"));
    const close = this.frames.find(({ opcode }) => opcode === CLOSE);
    return close && close.payload.length >= 2 ? close.payload.readUInt16BE(0) : undefined;
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (!this.#upgraded) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#upgraded = true;
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    while (this.#bytes.length >= 2) {
      let [length, at] = [(this.#bytes[1] as number) & 127, 2];
      if (length === 126) [length, at] = [this.#bytes.length >= 4 ? this.#bytes.readUInt16BE(2) : Infinity, 4];
      else if (length === 127) return;
      if (this.#bytes.length < at + length) return;
      this.frames.push({ opcode: (this.#bytes[0] as number) & 15, payload: this.#bytes.subarray(at, at + length) });
      this.#bytes = this.#bytes.subarray(at + length);
    }
  }
}

describeWithServers("the WebSocket protocol, broken in every way", () => {
  let system: System;
  let witness: DuelMatch;
  beforeAll(async () => {
    system = await startSystem({
      nginx: false,
      env: { GATEWAY_AUTH_WITHIN_MS: "3000", GATEWAY_INPUTS_PER_S: "2000" },
    });
    const { matches } = await playing(system, "duel", [0, 0]);
    for (const match of matches) pilot(match);
    [witness] = matches;
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const open = async (): Promise<RawClient> => {
    const client = new RawClient(new URL((system.gatewayUrls[0] as string).replace("ws:", "http:")));
    await until(() => (client.upgraded ? undefined : "no upgrade"));
    return client;
  };
  const hello = async (): Promise<Buffer> => {
    const { client } = await guest(system.url);
    const accessToken = await client.accessToken();
    return Buffer.from(
      encodeClientControl({
        requestId: 1,
        message: { case: "hello", value: { accessToken, protocolVersion: PROTOCOL_VERSION } },
      }),
    );
  };
  const authenticated = async (): Promise<RawClient> => {
    const client = await open();
    client.send(frame(BINARY, await hello()));
    await until(() => (client.frames.length > 0 ? undefined : "no welcome"));
    return client;
  };
  /** A player who does nothing wrong plays on, without a gap. */
  const othersPlayOn = async (): Promise<void> => {
    const before = witness.framesApplied;
    await until(() => (witness.framesApplied > before + 3 ? undefined : "the others are harmed"));
    expect(witness.framesSkipped).toBe(0);
  };

  it.each([
    { note: "in two pieces", cut: [5] },
    { note: "in a piece per byte", cut: Array.from({ length: 60 }, (_, i) => i + 1) },
    { note: "with an empty piece first", cut: [0] },
  ])("takes a message that is fragmented: $note", async ({ cut }) => {
    const message = await hello();
    const client = await open();
    const ends = [...cut, message.length];
    ends.forEach((end, i) => {
      const piece = message.subarray(i === 0 ? 0 : ends[i - 1], end);
      client.send(frame(i === 0 ? BINARY : CONTINUATION, piece, { fin: i === ends.length - 1 }));
    });
    await until(() => (client.frames.length > 0 ? undefined : "no answer"));
    expect(client.frames[0]?.opcode).toBe(BINARY);
    client.socket.destroy();
  });

  it("takes control frames between the pieces, and frames that come byte by byte", async () => {
    const message = await hello();
    const client = await open();
    const bytes = Buffer.concat([
      frame(BINARY, message.subarray(0, 9), { fin: false }),
      frame(PING, Buffer.from("between")),
      frame(CONTINUATION, message.subarray(9)),
    ]);
    for (const byte of bytes) {
      client.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => (client.frames.length > 1 ? undefined : `${client.frames.length} frames`));
    expect(client.frames.map(({ opcode }) => opcode)).toEqual([PONG, BINARY]);
    expect(client.frames[0]?.payload.toString()).toBe("between");
    client.socket.destroy();
  });

  it.each([
    // uWebSockets does not look at the mask bit: it takes four bytes for the mask, and what follows is garbage to us.
    {
      note: "frames that are not masked",
      bytes: () => Buffer.concat([1, 2, 3].map(() => frame(BINARY, Buffer.of(9, 9, 9, 9, 9, 9), { masked: false }))),
    },
    { note: "a reserved bit", bytes: () => frame(BINARY, Buffer.of(1, 2), { rsv: 4 }) },
    { note: "all reserved bits on a control frame", bytes: () => frame(PING, Buffer.of(1), { rsv: 7 }) },
    { note: "a reserved opcode", bytes: () => frame(3, Buffer.of(1)) },
    { note: "a reserved control opcode", bytes: () => frame(11, Buffer.of(1)) },
    { note: "a ping in pieces", bytes: () => frame(PING, Buffer.of(1), { fin: false }) },
    { note: "a ping of 126 bytes", bytes: () => frame(PING, Buffer.alloc(126)) },
    { note: "a continuation of nothing", bytes: () => frame(CONTINUATION, Buffer.of(1)) },
    {
      note: "a new message within a message",
      bytes: () => Buffer.concat([frame(BINARY, Buffer.of(1), { fin: false }), frame(BINARY, Buffer.of(1))]),
    },
    { note: "text that is no UTF-8", bytes: () => frame(TEXT, Buffer.of(0xce, 0xba, 0xed, 0xa0, 0x80)) },
    { note: "text", bytes: () => frame(TEXT, Buffer.from("hello")) },
    { note: "a close frame of one byte", bytes: () => frame(CLOSE, Buffer.of(3)) },
    { note: "a close code that nobody may send", bytes: () => frame(CLOSE, Buffer.of(0x03, 0xed)) },
    { note: "a close reason that is no UTF-8", bytes: () => frame(CLOSE, Buffer.of(0x03, 0xe8, 0xff, 0xff)) },
    { note: "a message above the frame limit", bytes: () => frame(BINARY, Buffer.alloc(FRAME_BYTES_MAX + 1, 1)) },
    { note: "a message above what is read at all", bytes: () => frame(BINARY, Buffer.alloc(70_000, 1)) },
    { note: "a length of four gigabytes", bytes: () => frame(BINARY, Buffer.alloc(10), { saysLength: 0xffffffff }) },
    {
      note: "pieces that are small each and too large together",
      bytes: () =>
        Buffer.concat(
          Array.from({ length: 20 }, (_, i) =>
            frame(i === 0 ? BINARY : CONTINUATION, Buffer.alloc(4000, 1), { fin: false }),
          ),
        ),
    },
  ])("ends the connection, and no other, for $note", async ({ bytes }) => {
    const client = await authenticated();
    client.send(bytes());
    const code = await client.closed();
    // Ours (bad frame), the protocol's, or none: never an answer as if all were well.
    expect([undefined, 1000, 1002, 1005, 1006, 1007, 1009, DISCONNECTS.badFrame.code]).toContain(code);
    await until(() => (client.ended ? undefined : "the socket is open"), 5000);
    await othersPlayOn();
  });

  it.each([
    { note: "pings", opcode: PING },
    { note: "pongs that nobody asked for", opcode: PONG },
  ])("ends a flood of $note, and the others play on", async ({ opcode }) => {
    const client = await authenticated();
    const flood = Buffer.concat(Array.from({ length: 2000 }, () => frame(opcode, Buffer.alloc(0))));
    for (let i = 0; i < 10; i++) client.send(flood);
    await othersPlayOn();
    expect(await client.closed()).toBe(DISCONNECTS.tooManyMessages.code);
    expect(client.frames.filter((one) => one.opcode === PONG).length).toBeLessThan(100);
  });

  it("a close that meets a close, data behind a close, and a socket cut within a frame harm nobody", async () => {
    for (let i = 0; i < 30; i++) {
      const client = await authenticated();
      if (i % 3 === 0) client.send(frame(TEXT, Buffer.from("x")), frame(CLOSE, Buffer.of(0x03, 0xe8)));
      else if (i % 3 === 1) client.send(frame(CLOSE, Buffer.of(0x03, 0xe8)), frame(BINARY, Buffer.of(1, 1, 1)));
      else client.socket.write(frame(BINARY, Buffer.alloc(100)).subarray(0, 40), () => client.socket.destroy());
      if (i % 3 < 2) await until(() => (client.ended ? undefined : "still open"), 5000);
    }
    await othersPlayOn();
  });

  it("an input that has to be answered, and a close right behind it, harm nobody", async () => {
    for (let i = 0; i < 20; i++) {
      const client = await authenticated();
      // It is gathered with others', and looked at when its socket has closed already. It is at no match: refused.
      const input = frame(BINARY, encodeInput(1, 0, Uint8Array.of(1)));
      if (i % 2 === 0) client.send(input, frame(CLOSE, Buffer.of(0x03, 0xe8)));
      else client.socket.write(input, () => client.socket.destroy());
      await until(() => (client.ended ? undefined : "still open"), 5000);
    }
    await othersPlayOn();
  });
});
