// One attacker at its own address: REST and WebSockets without the SDK.
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { encodeClientControl, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@muster/realtime";
import WebSocket from "ws";
import type { Target } from "./attack.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** The ingress's own 429, of infra/nginx: what is attacked behind it was not reached. */
const INGRESS_LIMIT = "Too many requests from this address";

/** A 429 of who is behind the ingress. */
export function isLimited({ status, body }: Pick<HttpAnswer, "status" | "body">): boolean {
  return status === 429 && !body.includes(INGRESS_LIMIT);
}

type ControlMessage = Parameters<typeof encodeClientControl>[0];

const REQUEST_WITHIN_MS = 20_000;
const OPEN_WITHIN_MS = 10_000;
/** Attackers come from 127.0.66.1 on, honest players from 127.0.0.1. */
const ADDRESSES = "127.0.66.";

export class Attacker {
  readonly address: string;
  readonly #target: Target;
  readonly #agent: Agent;

  /** `number`: 1 to 254; equal numbers share an address. */
  constructor(target: Target, number: number) {
    this.address = `${ADDRESSES}${number}`;
    this.#target = target;
    this.#agent = new Agent({ keepAlive: true, localAddress: this.address, maxSockets: 256 });
  }

  /** Status 0 when no answer came. */
  rest(
    method: string,
    path: string,
    options: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      signal?: AbortSignal;
    } = {},
  ): Promise<HttpAnswer> {
    const text = options.body === undefined ? "" : JSON.stringify(options.body);
    const headers = { ...(text === "" ? {} : { "content-type": "application/json" }), ...options.headers };
    const limit = AbortSignal.timeout(REQUEST_WITHIN_MS);
    const signal = options.signal ? AbortSignal.any([limit, options.signal]) : limit;
    return new Promise((resolve) => {
      const none = (err: Error): void => resolve({ status: 0, body: err.message, headers: {} });
      const sent = request(
        this.#target.url + path,
        { method, agent: this.#agent, headers: { ...headers, "content-length": Buffer.byteLength(text) }, signal },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", none);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              body: Buffer.concat(chunks).toString(),
              headers: response.headers,
            }),
          );
        },
      );
      sent.on("error", none);
      sent.end(text);
    });
  }

  /** A new guest's access token. @throws Error when none is given */
  async guest(): Promise<string> {
    const body = { deviceKey: randomBytes(16).toString("hex") };
    const { status, body: text } = await this.rest("POST", "/v1/auth/guest", { body });
    if (status !== 200)
      throw new Error(`an attacker at ${this.address} could not log in as a guest: ${status} ${text}`);
    return (JSON.parse(text) as { tokens: { accessToken: string } }).tokens.accessToken;
  }

  /** An authenticated realtime connection. */
  async realtime(accessToken: string): Promise<AttackSocket> {
    const socket = new WebSocket(
      `${this.#target.url.replace(/^http/, "ws")}/v1/realtime`,
      [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + accessToken],
      { localAddress: this.address, handshakeTimeout: OPEN_WITHIN_MS } as WebSocket.ClientOptions,
    );
    return AttackSocket.open(socket);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Sends what it is told, as fast as it is told. */
export class AttackSocket {
  readonly raw: WebSocket;
  /** Close code, once closed. */
  closed: number | undefined;
  messages = 0;

  private constructor(raw: WebSocket) {
    this.raw = raw;
    raw.on("message", () => this.messages++);
    raw.on("close", (code: number) => (this.closed = code));
    raw.on("error", () => undefined); // the close says it
  }

  static async open(raw: WebSocket): Promise<AttackSocket> {
    const socket = new AttackSocket(raw);
    await new Promise<void>((resolve, reject) => {
      raw.once("open", () => resolve());
      raw.once("close", () => reject(new Error("the socket was closed before it was open")));
    });
    return socket;
  }

  get open(): boolean {
    return this.raw.readyState === WebSocket.OPEN;
  }

  control(message: ControlMessage): void {
    if (this.open) this.raw.send(encodeClientControl(message));
  }

  frame(bytes: Uint8Array): void {
    if (this.open) this.raw.send(bytes);
  }

  close(): void {
    this.raw.terminate();
  }
}
