// A server of which a script decides everything: as much of REST as a player needs to begin, /v1/realtime, and /driver, by which the runner
// tells the client under test what to do.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SUBPROTOCOL } from "@muster/realtime";
import { type WebSocket, WebSocketServer } from "ws";
import { Inbox, pause } from "../expect.ts";
import { Connection } from "./connection.ts";
import { Driver } from "./driver.ts";
import { DESCRIPTION } from "./scripted-game.ts";

export class ScriptedServer implements AsyncDisposable {
  readonly drivers: Inbox<Driver> = new Inbox();
  readonly connections: Inbox<Connection> = new Inbox();
  readonly tokens: Set<string> = new Set();
  /** Everything that was said about a token since the last log-in. */
  refreshes = 0;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #withinMs: number;
  #playerId = "";
  #opened: Connection[] = [];

  private constructor(withinMs: number) {
    this.#withinMs = withinMs;
    this.#http = createServer((req, res) => void this.#answer(req, res));
    this.#sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.#http.on("upgrade", (req, socket, head) => {
      this.#sockets.handleUpgrade(req, socket, head, (ws) => this.#open(ws, req));
    });
  }

  static async listen(port: number, withinMs: number): Promise<ScriptedServer> {
    const server = new ScriptedServer(withinMs);
    await new Promise<void>((resolve, reject) => server.#http.once("error", reject).listen(port, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  get driverUrl(): string {
    return `${this.url.replace("http", "ws")}/driver`;
  }

  async connection(withinMs: number = this.#withinMs): Promise<Connection> {
    return this.connections.take(withinMs, "connection of the client");
  }

  /** Those that nobody waited for. */
  async strays(ms: number): Promise<number> {
    await pause(ms);
    return this.connections.untaken.length;
  }

  /** @throws Error for what a client may never send, on any connection since the last check */
  throwFaults(): void {
    for (const connection of this.#opened) connection.throwFaults();
  }

  /** Before the next check. */
  forget(): void {
    for (const connection of this.#opened) connection.cut();
    this.#opened = [];
    this.connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #open(socket: WebSocket, req: IncomingMessage): void {
    if (req.url === "/driver") return this.drivers.add(new Driver(socket, this.#withinMs));
    const offered = (req.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
    const opened = { playerId: this.#playerId, offered, path: req.url ?? "", withinMs: this.#withinMs };
    const connection = new Connection(socket, opened);
    this.#opened.push(connection);
    this.connections.add(connection);
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    for await (const _ of req); // nothing of it matters here
    const path = (req.url ?? "").split("?")[0];
    if (req.method === "POST" && path === "/v1/auth/guest") return this.#json(res, this.#session());
    if (req.method === "POST" && path === "/v1/auth/refresh") {
      this.refreshes++;
      return this.#json(res, this.#tokens());
    }
    if (path === "/v1/auth/logout") return void res.writeHead(204).end();
    if (path === `/v1/games/${DESCRIPTION.gameId}`)
      return this.#json(res, { gameId: DESCRIPTION.gameId, builds: [DESCRIPTION] });
    const traceId = randomUUID().replaceAll("-", "");
    const error = { code: "not_found", message: `the scripted server has no ${path}`, traceId };
    this.#json(res, { error }, 404);
  }

  #json(res: ServerResponse, value: unknown, status = 200): void {
    res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
  }

  #session(): object {
    this.#playerId = randomUUID();
    this.refreshes = 0;
    this.tokens.clear();
    const player = {
      playerId: this.#playerId,
      name: "guest",
      kind: "guest",
      role: "player",
      createdAt: new Date().toISOString(),
    };
    return { player, tokens: this.#tokens() };
  }

  #tokens(): object {
    const accessToken = `access.${randomUUID()}`;
    this.tokens.add(accessToken);
    const at = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
    return {
      accessToken,
      accessExpiresAt: at(600),
      accessExpiresInS: 600,
      refreshToken: `refresh.${randomUUID()}`,
      refreshExpiresAt: at(9999),
    };
  }
}
