// Sessions end to end over a real h2c connection, and what a misbehaving peer can do to either side.
import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ChatService,
  type DeliverRequest,
  type DeliverRequestSchema,
  type DeliverResponseSchema,
} from "@muster/contracts/chat/v2";
import { createLogger } from "@muster/log";
import { anyMethods } from "@muster/resilience/testing";
import { createMetrics } from "@muster/runtime";
import { afterEach, describe, expect, it } from "vitest";
import { createRpcClient } from "./client.ts";
import { MessageQueue } from "./message-queue.ts";
import { type OpenSession, openSession, type SessionOptions } from "./open-session.ts";
import { createRpcServer } from "./server.ts";
import { type AfterHello, serveSession } from "./serve-session.ts";

type ToService = MessageInitShape<typeof DeliverRequestSchema>;
type ToGateway = MessageInitShape<typeof DeliverResponseSchema>;

const GATEWAY = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const HELLO: ToService = { message: { case: "hello", value: { gatewayId: GATEWAY } } };
const log = createLogger("test", "silent");
/** Something to say, by a number: the contract wants an id. */
const detach = (nth: number): ToService => {
  const playerId = `01a20ab2-2d4a-7326-a77a-${String(nth).padStart(12, "0")}`;
  return { message: { case: "detach", value: { playerId } } };
};
const changed = (seq: bigint): ToGateway => ({ message: { case: "changed", value: { seq } } });

const closing: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Service {
  readonly url: string;
  /** Of the sessions so far, each with what it was told. */
  readonly sessions: { out: MessageQueue<ToGateway>; heard: number[]; ended: number }[];
  onMessage: (message: AfterHello<DeliverRequest>) => void;
}

async function serve(): Promise<Service> {
  const service: Service = { url: "", sessions: [], onMessage: () => undefined };
  const server = createRpcServer({
    host: "127.0.0.1",
    port: 0,
    log,
    metrics: createMetrics("test"),
    routes: (router) =>
      router.service(ChatService, {
        deliver: (requests) =>
          serveSession<DeliverRequest, ToGateway>(requests, () => {
            const session = { out: new MessageQueue<ToGateway>(100), heard: [] as number[], ended: 0 };
            service.sessions.push(session);
            return {
              out: session.out,
              onMessage(message) {
                session.heard.push(Number(message.value.playerId.slice(-12)));
                service.onMessage(message);
              },
              onEnd: () => session.ended++,
            };
          }),
      }),
  });
  await server.start?.();
  closing.push(() => server.stop?.());
  return Object.assign(service, { url: server.url });
}

type Options = SessionOptions<
  ToService,
  { readonly message: { readonly case: string | undefined; readonly value?: unknown } }
>;

function session(open: Options["open"], more: Partial<Options> = {}): OpenSession<ToService> & { heard: unknown[] } {
  const heard: unknown[] = [];
  const own = openSession<ToService, Parameters<Options["onMessage"]>[0]>({
    name: "session with the test",
    log,
    open,
    queueMax: 100,
    hello: () => HELLO,
    onMessage: ({ message }) => heard.push(message.case),
    ...more,
  });
  closing.push(() => own.stop?.());
  return Object.assign(own, { heard });
}

function callOf(baseUrl: string, pings?: { everyMs: number; answerMsMax: number }): Options["open"] {
  const client = createRpcClient({
    service: ChatService,
    baseUrl,
    dependency: anyMethods(2000),
    ...(pings ? { pings } : {}),
  });
  closing.push(() => client.stop?.());
  return client.call.deliver;
}

describe("a session", () => {
  it("says hello, then what has to be said on every stream, then the rest, in order, and hears in order", async () => {
    const service = await serve();
    const own = session(callOf(service.url), { onOpen: () => void own.send(detach(7)) });
    await own.start?.();
    await expect.poll(() => service.sessions[0]?.heard).toEqual([7]);
    for (let i = 0; i < 50; i++) expect(own.send(detach(i))).toBe(true);
    for (let i = 0; i < 50; i++) service.sessions[0]?.out.push(changed(BigInt(i + 1)));
    await expect.poll(() => service.sessions[0]?.heard.length).toBe(51);
    expect(service.sessions[0]?.heard.slice(1)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    await expect.poll(() => own.heard).toHaveLength(50);
  });

  it("comes back when the other side ends it, with hello and all that has to be said again", async () => {
    const service = await serve();
    let ends = 0;
    const own = session(callOf(service.url), {
      onOpen: () => {
        own.send(detach(7));
        return () => ends++;
      },
    });
    await own.start?.();
    await expect.poll(() => service.sessions[0]?.heard).toEqual([7]);
    service.sessions[0]?.out.close();
    await expect.poll(() => service.sessions[1]?.heard).toEqual([7]);
    expect([ends, service.sessions[0]?.ended, service.sessions[1]?.ended]).toEqual([1, 1, 0]);
    expect(own.check()).toBeUndefined();
  });

  it("ends with its process, on both sides, and says nothing more", async () => {
    const service = await serve();
    const own = session(callOf(service.url));
    await own.start?.();
    await expect.poll(() => service.sessions).toHaveLength(1);
    await own.stop?.();
    await expect.poll(() => service.sessions[0]?.ended).toBe(1);
    expect([own.check(), own.send(detach(1))]).toEqual(["no session with the test", false]);
  });

  it("is there once it is welcome, where the other side says so", async () => {
    const service = await serve();
    const own = session(callOf(service.url), { isWelcome: ({ message }) => message.case === "player" });
    await own.start?.();
    await expect.poll(() => service.sessions).toHaveLength(1);
    service.sessions[0]?.out.push(changed(1n));
    await expect.poll(() => own.heard).toEqual(["changed"]);
    expect(own.check()).toBe("no session with the test");
    service.sessions[0]?.out.push({ message: { case: "player", value: {} } });
    await expect.poll(() => own.check()).toBeUndefined();
  });

  it("gives up a peer that does not read, and is opened anew", async () => {
    let opened = 0;
    const never: Options["open"] = async function* (_messages, { signal }) {
      opened++;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
      yield* [];
    };
    const own = session(never, { queueMax: 10 });
    await own.start?.();
    const sent = Array.from({ length: 12 }, () => own.send(detach(1)));
    expect(sent).toEqual([...Array.from({ length: 9 }, () => true), false, false, false]); // hello is the first of ten
    await expect.poll(() => opened).toBe(2);
  });

  it("is opened anew when what came could not be taken", async () => {
    const service = await serve();
    let fails = true;
    const own = session(callOf(service.url), {
      onMessage: () => {
        if (fails) throw new Error("cannot take it");
      },
    });
    await own.start?.();
    await expect.poll(() => service.sessions).toHaveLength(1);
    service.sessions[0]?.out.push(changed(1n));
    await expect.poll(() => service.sessions).toHaveLength(2);
    fails = false;
    expect(service.sessions[0]?.ended).toBe(1);
  });

  it("is not there, and takes nothing, when what has to be said on every stream cannot be", async () => {
    let tried = 0;
    const own = session(async function* () {}, {
      onOpen: () => {
        tried++;
        throw new Error("cannot say it");
      },
    });
    await own.start?.();
    expect([own.check(), own.send(detach(1))]).toEqual(["no session with the test", false]);
    await expect.poll(() => tried).toBeGreaterThan(1);
  });

  it("is opened anew when its peer stands still: the connection's pings find that", { timeout: 10_000 }, async () => {
    const sockets: Socket[] = [];
    const still: Server = createServer((socket) => sockets.push(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => still.listen(0, "127.0.0.1", resolve));
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      still.close();
    });
    const { port } = still.address() as AddressInfo;
    let ended = 0;
    const own = session(callOf(`http://127.0.0.1:${port}`, { everyMs: 50, answerMsMax: 50 }), {
      onOpen: () => () => ended++,
    });
    await own.start?.();
    await expect.poll(() => ended, { timeout: 5000 }).toBeGreaterThan(1);
  });
});

describe("a served session", () => {
  const streamOf = async (service: Service, messages: readonly ToService[]): Promise<unknown> => {
    const queue = new MessageQueue<ToService>(10);
    for (const message of messages) queue.push(message);
    closing.push(async () => queue.close());
    try {
      for await (const _ of callOf(service.url)(queue, { signal: AbortSignal.timeout(3000) })) void _;
      return "over";
    } catch (err) {
      return err;
    }
  };

  it("is refused without a hello", async () => {
    const service = await serve();
    expect(await streamOf(service, [detach(1)])).toMatchObject({ code: 3, rawMessage: "the first message is hello" });
    expect(service.sessions).toEqual([]);
  });

  it("ends when hello comes again, or when what came could not be taken", async () => {
    const service = await serve();
    expect(await streamOf(service, [HELLO, detach(1), HELLO, detach(2)])).toBe("over");
    expect(service.sessions[0]).toMatchObject({ heard: [1], ended: 1 });
    service.onMessage = () => expect.fail("cannot take it");
    expect(await streamOf(service, [HELLO, detach(3), detach(4)])).toBe("over");
    expect(service.sessions[1]).toMatchObject({ heard: [3], ended: 1 });
  });

  it("ends once it has said what it had to say, though its peer says nothing more and does not leave", async () => {
    const service = await serve();
    const over = streamOf(service, [HELLO]);
    await expect.poll(() => service.sessions).toHaveLength(1);
    service.sessions[0]?.out.push(changed(1n));
    service.sessions[0]?.out.close();
    expect(await over).toBe("over");
    expect(service.sessions[0]?.ended).toBe(1);
  });
});
