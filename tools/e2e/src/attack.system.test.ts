// What an attacker can do to the realtime connection, and what must come of it: the code of the table, and no harm to
// anyone else.
import { randomBytes, randomInt } from "node:crypto";
import { connect } from "node:net";
import type { ServerControl } from "@muster/contracts/realtime/v1";
import {
  decodeServerControl,
  encodeClientControl,
  encodeInput,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "@muster/realtime";
import { describeWithServers, testKeys, until } from "@muster/testkit";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import WebSocket from "ws";
import { guest, pilot, playing } from "./players.ts";
import { type System, startSystem } from "./system.ts";

interface Closed {
  readonly code: number;
  readonly reason: string;
}

interface Raw {
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  readonly firstMessage: Promise<Buffer>;
}

describeWithServers("the realtime connection under attack", () => {
  let system: System;
  beforeAll(async () => {
    // Rate limits off: these tests are about frames, not about their number. The rate limit has its own test.
    system = await startSystem({ env: { GATEWAY_INPUTS_PER_S: "10000", GATEWAY_INPUTS_REFUSED_MAX: "50" } });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const open = async (protocols: string[] = [SUBPROTOCOL]): Promise<Raw> => {
    const socket = new WebSocket(system.gatewayUrls[0] as string, protocols);
    const closed = new Promise<Closed>((resolve) =>
      socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    const firstMessage = new Promise<Buffer>((resolve) => socket.once("message", resolve));
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("open", resolve));
    return { socket, closed, firstMessage };
  };
  const hello = (accessToken: string, protocolVersion = PROTOCOL_VERSION): Uint8Array =>
    encodeClientControl({
      requestId: 1,
      message: { case: "hello", value: { accessToken, protocolVersion, client: "test" } },
    });
  const authenticated = async (): Promise<Raw> => {
    const { client } = await guest(system.url);
    const raw = await open();
    raw.socket.send(hello(await client.accessToken()));
    await raw.firstMessage;
    return raw;
  };

  it("takes a good token as a sub-protocol and never answers with it", async () => {
    const { client, player } = await guest(system.url);
    const { socket, firstMessage } = await open([SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + (await client.accessToken())]);
    expect(socket.protocol).toBe(SUBPROTOCOL);
    expect((await firstMessage).toString("latin1")).toContain(player.playerId);
    socket.close();
  });

  it.each([[[]], [["muster.v2"]], [["chat", "muster.token.x"]]])(
    "takes no connection that does not offer our protocol: %j",
    async (offered) => {
      const socket = new WebSocket(system.gatewayUrls[0] as string, offered);
      const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
        socket.once("open", () => reject(new Error("it is open")));
        socket.once("unexpected-response", (_request, response) => {
          let body = "";
          response.on("data", (chunk) => (body += String(chunk)));
          response.on("end", () => resolve({ status: response.statusCode, body }));
        });
      });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "invalid_request" } });
    },
  );

  it("closes with 4501 for every token that is not ours, whatever is wrong with it", async () => {
    const { client } = await guest(system.url);
    const good = await client.accessToken();
    const foreign = await testKeys();
    const [header, payload, signature] = good.split(".") as [string, string, string];
    const kid = (JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string }).kid;
    const now = Math.floor(Date.now() / 1000);
    const corpus: Record<string, string> = {
      garbage: "not.a.token",
      "alg none": new UnsecuredJWT({ name: "x", fam: "x" })
        .setIssuer("muster-identity")
        .setAudience("muster")
        .setSubject("x")
        .setIssuedAt()
        .setExpirationTime("1h")
        .encode(),
      "unknown kid": await foreign.sign(),
      "our kid, another key": await foreign.sign({}, { kid }),
      "no kid": await foreign.sign({}, { kid: undefined as never }),
      "HMAC with the public key": await new SignJWT({ name: "x", fam: "x" })
        .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid })
        .setSubject("x")
        .setExpirationTime("1h")
        .sign(Buffer.from(kid)),
      "changed payload": `${header}.${Buffer.from(payload, "base64url").toString("base64url").replace(/^.{8}/, "AAAAAAAA")}.${signature}`,
      "cut signature": good.slice(0, -6),
      "wrong aud": await foreign.sign({ aud: "someone-else" }),
      "from the future": await foreign.sign({ nbf: now + 3600 }),
      empty: " ",
    };
    for (const [note, token] of Object.entries(corpus)) {
      const { socket, closed } = await open();
      socket.send(hello(token));
      expect(await closed, note).toMatchObject({ code: 4501 });
    }
  });

  it("closes with 4002 a socket that never authenticates", async () => {
    expect(await (await open()).closed).toMatchObject({ code: 4002 });
  });

  it("closes with 4506 for another protocol version", async () => {
    const { socket, closed } = await open();
    socket.send(hello("x", PROTOCOL_VERSION + 1));
    expect(await closed).toMatchObject({ code: 4506 });
  });

  it("closes with 4502 for anything before hello", async () => {
    for (const frame of [
      encodeInput(1, 0, new Uint8Array(1)),
      encodeClientControl({ message: { case: "enqueue", value: { mode: "duel" } } }),
    ]) {
      const { socket, closed } = await open();
      socket.send(frame);
      expect(await closed).toMatchObject({ code: 4502 });
    }
  });

  it("closes with 4500 for what is no message: text, empty and unknown frames, bytes that are no Protobuf", async () => {
    const frames: Record<string, Uint8Array | string> = {
      text: "hello",
      empty: new Uint8Array(0),
      "unknown type": Uint8Array.of(9, 1, 2),
      "over the limit, and no Protobuf": new Uint8Array(8193).fill(1),
      "no Protobuf": Uint8Array.of(1, 0xff, 0xff, 0xff),
      "no message": Uint8Array.of(1),
      "input without a header": Uint8Array.of(2, 1, 0, 0),
    };
    for (const [note, frame] of Object.entries(frames)) {
      const { socket, closed } = await authenticated();
      socket.send(frame);
      expect(await closed, note).toMatchObject({ code: 4500 });
    }
  });

  it("cuts a frame that is far over the limit without reading it", async () => {
    const { socket, closed } = await authenticated();
    socket.send(new Uint8Array(1 << 20));
    expect((await closed).code).toBe(1006);
  });

  it("closes with 4505 a player who keeps sending inputs that are refused", async () => {
    const { socket, closed } = await authenticated();
    for (let seq = 1; seq <= 60; seq++) socket.send(encodeInput(seq, 0, Uint8Array.of(0)));
    expect(await closed).toMatchObject({ code: 4505 });
  });

  it("closes the older socket with 4503 when the same player connects again", async () => {
    const { client } = await guest(system.url);
    const first = await open();
    first.socket.send(hello(await client.accessToken()));
    await first.firstMessage;
    const second = await open();
    second.socket.send(hello(await client.accessToken()));
    expect(await first.closed).toMatchObject({ code: 4503 });
    second.socket.close();
  });

  it("survives 100,000 frames of random bytes while a match beside it plays on undisturbed", async () => {
    const { matches } = await playing(system, "duel");
    for (const match of matches) pilot(match);
    const FRAMES = 100_000;
    const codes = new Map<number, number>();
    let sent = 0;
    const attack = async (): Promise<void> => {
      while (sent < FRAMES) {
        const { socket, closed } = await (sent % 3 === 0 ? open() : authenticated());
        // Bursts: after the first bad frame the socket is closing, the rest must be ignored without harm.
        for (let i = 0; i < 400 && sent < FRAMES; i++, sent++) {
          const frame = randomBytes(randomInt(200));
          if (frame.length > 0 && i % 2 === 0) frame[0] = randomInt(1, 5);
          socket.send(frame);
        }
        socket.send(Uint8Array.of(9)); // whatever the burst was, this ends it
        const { code } = await closed;
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    };
    const before = matches[0].framesApplied;
    await Promise.all([attack(), attack(), attack(), attack()]);
    expect(sent).toBeGreaterThanOrEqual(FRAMES);
    for (const code of codes.keys()) expect([4500, 4501, 4502, 4505, 4506, 1006]).toContain(code);
    expect(matches[0].framesApplied).toBeGreaterThan(before);
    expect(matches.map((match) => match.framesSkipped)).toEqual([0, 0]);
    expect((await fetch(`${system.url}/healthz`)).status).toBe(200);
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${system.env["GATEWAY_ADMIN_PORT"]}/metrics`)).text();
    await until(async () =>
      /^gateway_connections\{[^}]*\} (\d+)$/m.exec(await metrics())?.[1] === "2"
        ? undefined
        : "sockets are left behind",
    );
  });

  it("survives random bytes on the link of a shard: the connection is closed, the match continues", async () => {
    const { matches } = await playing(system, "duel");
    for (let i = 0; i < 200; i++) {
      const socket = connect(Number(system.env["SHARD_LINK_PORT"]), "127.0.0.1");
      socket.on("error", () => undefined);
      const gone = new Promise((resolve) => socket.once("close", resolve));
      socket.write(randomBytes(randomInt(6, 400)));
      // Bytes that announce a frame which never comes are left waiting: hang up ourselves.
      setTimeout(() => socket.destroy(), 50).unref();
      await gone;
    }
    const before = matches[0].framesApplied;
    await until(() => (matches[0].framesApplied > before + 5 ? undefined : "the match stands still"));
  });
});

describeWithServers("a player who sends too much", () => {
  it("is told, stays connected, and is closed with 4504 for a flood only: control messages, inputs, pings", async () => {
    // Its inputs are for no match: that would close it first.
    await using system = await startSystem({ nginx: false, env: { GATEWAY_INPUTS_REFUSED_MAX: "100000" } });
    const open = async (): Promise<{
      socket: WebSocket;
      answers: ServerControl[];
      closed: () => number | undefined;
    }> => {
      const { client } = await guest(system.url);
      const socket = new WebSocket(system.gatewayUrls[0] as string, [
        SUBPROTOCOL,
        TOKEN_SUBPROTOCOL_PREFIX + (await client.accessToken()),
      ]);
      const answers: ServerControl[] = [];
      let code: number | undefined;
      socket.on("message", (data: Buffer) => void answers.push(decodeServerControl(data)));
      socket.once("close", (closedWith) => (code = closedWith));
      await until(() => (answers.length > 0 ? undefined : "no welcome"));
      return { socket, answers, closed: () => code };
    };
    const codes = (answers: readonly ServerControl[]): (string | undefined)[] =>
      answers.map(({ message }) => (message.case === "error" ? message.value.code : message.case));
    const ping = (requestId: number): Uint8Array =>
      encodeClientControl({ requestId, message: { case: "ping", value: { payload: 1n } } });

    const talker = await open();
    for (let requestId = 1; requestId <= 100; requestId++) talker.socket.send(ping(requestId));
    await until(() => (talker.answers.length === 101 ? undefined : `${talker.answers.length} answers`));
    // In whichever order: who is refused does not wait for a turn.
    const answered = talker.answers.slice(1).map(({ requestId }) => requestId);
    expect(answered.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(codes(talker.answers).filter((code) => code === "rate_limited").length).toBeGreaterThanOrEqual(55);
    expect(talker.closed()).toBeUndefined();
    for (let i = 0; i < 400; i++) talker.socket.send(ping(0));
    await until(() => (talker.closed() === 4504 ? undefined : `closed with ${talker.closed()}`));

    const player = await open();
    for (let seq = 1; seq <= 400; seq++) player.socket.send(encodeInput(seq, 0, Uint8Array.of(0)));
    await until(() => (codes(player.answers).includes("input_too_fast") ? undefined : "not told"));
    expect(player.closed()).toBeUndefined();
    for (let seq = 1; seq <= 3000; seq++) player.socket.send(encodeInput(seq, 0, Uint8Array.of(0)));
    await until(() => (player.closed() === 4504 ? undefined : `closed with ${player.closed()}`));

    const pinger = await open();
    for (let i = 0; i < 20; i++) pinger.socket.ping();
    await new Promise((resolve) => pinger.socket.once("pong", resolve));
    expect(pinger.closed()).toBeUndefined();
    for (let i = 0; i < 200; i++) pinger.socket.ping();
    await until(() => (pinger.closed() === 4504 ? undefined : `closed with ${pinger.closed()}`));
  });
});

describeWithServers("sockets that say nothing", () => {
  it("are so many of one address and in all, whatever they say of where they come from; those who play keep their sockets", async () => {
    await using system = await startSystem({
      nginx: false,
      env: {
        GATEWAY_UNAUTHENTICATED_PER_ADDRESS_MAX: "10",
        GATEWAY_UNAUTHENTICATED_MAX: "25",
        GATEWAY_TRUSTED_PROXIES: '["127.0.0.1"]',
        GATEWAY_AUTH_WITHIN_MS: "3000",
      },
    });
    const sockets: WebSocket[] = [];
    /** Of sockets that come through the ingress for these addresses, or straight from 127.0.0.2 and say so. */
    const opened = async (count: number, address: string, peer = "127.0.0.1"): Promise<(number | "open")[]> =>
      Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const headers = { "x-forwarded-for": address.replace("#", String(i)) };
          const options = { headers, localAddress: peer } as WebSocket.ClientOptions;
          const socket = new WebSocket(system.gatewayUrls[0] as string, [SUBPROTOCOL], options);
          sockets.push(socket);
          return new Promise<number | "open">((resolve) => {
            socket.on("open", () => resolve("open"));
            socket.on("error", () => undefined);
            socket.on("unexpected-response", (_request, { statusCode = 0 }) => resolve(statusCode));
          });
        }),
      );
    const count = (all: readonly unknown[], what: unknown): number => all.filter((one) => one === what).length;
    const one = await opened(15, "198.51.100.1");
    expect([count(one, "open"), count(one, 429)]).toEqual([10, 5]);
    const liar = await opened(15, "198.51.100.#", "127.0.0.2");
    expect([count(liar, "open"), count(liar, 429)]).toEqual([10, 5]);
    const many = await opened(10, "203.0.113.#");
    expect([count(many, "open"), count(many, 503)]).toEqual([5, 5]);
    const metrics = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${system.env["GATEWAY_ADMIN_PORT"]}/metrics`)).text();
    expect(await metrics()).toMatch(/^gateway_unauthenticated_sockets\{[^}]*\} 25$/m);
    expect(await metrics()).toMatch(/^gateway_upgrades_refused_total\{why="address"[^}]*\} 10$/m);
    // They are closed in time, and their slots are free again.
    await until(async () =>
      /^gateway_unauthenticated_sockets\{[^}]*\} 0$/m.test(await metrics()) ? undefined : "still there",
    );
    const { client } = await guest(system.url);
    const [again] = await opened(1, "198.51.100.1");
    expect(again).toBe("open");
    sockets.at(-1)?.send(
      encodeClientControl({
        message: {
          case: "hello",
          value: { accessToken: await client.accessToken(), protocolVersion: PROTOCOL_VERSION, client: "test" },
        },
      }),
    );
    await until(async () => (/^gateway_players\{[^}]*\} 1$/m.test(await metrics()) ? undefined : "not in"));
    expect(await metrics()).toMatch(/^gateway_unauthenticated_sockets\{[^}]*\} 0$/m);
    for (const socket of sockets) socket.terminate();
  });
});

describeWithServers("a token of ours that has ended", () => {
  it("is answered 401 token_expired by REST and 4003 by the gateway", async () => {
    await using system = await startSystem({ identityNow: () => new Date(Date.now() - 3_600_000), nginx: false });
    const { client } = await guest(system.url);
    const token = client.tokens?.accessToken as string;
    const answer = await fetch(`${system.url}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { code: "token_expired" } });
    const socket = new WebSocket(system.gatewayUrls[0] as string, [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token]);
    expect(await new Promise((resolve) => socket.once("close", resolve))).toBe(4003);
  });
});
