// Stands between a client and a server, and makes one of them behave wrongly.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type ClientControl,
  ClientControlSchema,
  type ServerControl,
  ServerControlSchema,
} from "@muster/contracts/realtime/v1";
import { create } from "@bufbuild/protobuf";
import {
  CONTROL_FRAME,
  decodeClientControl,
  decodeServerControl,
  encodeClientControl,
  encodeServerControl,
} from "@muster/realtime";
import { type WebSocket, WebSocket as Client, WebSocketServer } from "ws";

type Frames = readonly Uint8Array[];

export interface Mutation {
  /** What is passed on instead of each frame; undefined: the frame itself. */
  readonly up?: (frame: Uint8Array) => Frames | undefined;
  readonly down?: (frame: Uint8Array) => Frames | undefined;
  /** The code with which the client is disconnected instead. */
  readonly closeCode?: (code: number) => number;
  /** Towards the client's pings and the server's. */
  readonly swallowsPings?: boolean;
  readonly asText?: boolean;
}

export interface Proxy extends AsyncDisposable {
  readonly url: string;
}

export async function mutatingProxy(target: string, mutation: Mutation): Promise<Proxy> {
  const http = createServer((req, res) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const headers = Object.fromEntries(
        Object.entries(req.headers).filter(([name]) => ["content-type", "authorization"].includes(name)),
      ) as Record<string, string>;
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {};
      const answer = await fetch(`${target}${req.url}`, { method: req.method ?? "GET", headers, ...body });
      res.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
      res.end(Buffer.from(await answer.arrayBuffer()));
    })().catch(() => res.destroy());
  });
  const sockets = new WebSocketServer({
    server: http,
    autoPong: false,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  sockets.on("connection", (client, req) =>
    join(
      client,
      target,
      req.url ?? "",
      (req.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim()),
      mutation,
    ),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function join(client: WebSocket, target: string, path: string, offered: string[], mutation: Mutation): void {
  const server = new Client(
    target.replace("http", "ws") + path,
    offered.filter((one) => one !== ""),
    { autoPong: false },
  );
  const waiting: (() => void)[] = [];
  const toServer = (act: () => void): void => void (server.readyState === Client.OPEN ? act() : waiting.push(act));
  server.on("open", () => {
    for (const act of waiting) act();
  });
  client.on("message", (data: Buffer, isBinary) => {
    const frames = mutation.up?.(Uint8Array.from(data)) ?? [data];
    for (const frame of frames) toServer(() => server.send(frame, { binary: isBinary && !mutation.asText }));
  });
  server.on("message", (data: Buffer) => {
    for (const frame of mutation.down?.(Uint8Array.from(data)) ?? [data])
      if (client.readyState === Client.OPEN) client.send(frame);
  });
  if (!mutation.swallowsPings) {
    for (const [from, to] of [
      [server, client],
      [client, server],
    ] as const) {
      from.on("ping", (data: Buffer) => to.readyState === Client.OPEN && to.ping(data));
      from.on("pong", (data: Buffer) => to.readyState === Client.OPEN && to.pong(data));
    }
  }
  server.on("close", (code, reason) => end(client, mutation.closeCode?.(code) ?? code, reason));
  client.on("close", (code, reason) => end(server, code, reason));
  for (const socket of [client, server]) socket.on("error", () => undefined);
}

function end(socket: WebSocket, code: number, reason: Buffer): void {
  if (code === 1006 || code === 1005) socket.terminate();
  else socket.close(code, reason);
}

/** Changes requests, or drops them (undefined). */
export function ofClient(change: (control: ClientControl) => ClientControl | undefined): NonNullable<Mutation["up"]> {
  return (frame) => {
    if (frame[0] !== CONTROL_FRAME) return undefined;
    const changed = change(decodeClientControl(frame));
    return changed ? [encodeClientControl(create(ClientControlSchema, changed))] : [];
  };
}

/** Changes what the server tells, or drops it. */
export function ofServer(change: (control: ServerControl) => ServerControl | undefined): NonNullable<Mutation["down"]> {
  return (frame) => {
    if (frame[0] !== CONTROL_FRAME) return undefined;
    const changed = change(decodeServerControl(frame));
    return changed ? [encodeServerControl(create(ServerControlSchema, changed))] : [];
  };
}

/** With other fields, if it is of that kind. */
export function edited<T extends { message: { case: string | undefined; value?: unknown } }>(
  control: T,
  kind: string,
  change: object,
): T {
  if (control.message.case !== kind) return control;
  return { ...control, message: { case: kind, value: { ...(control.message.value as object), ...change } } };
}
