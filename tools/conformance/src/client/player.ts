// The scripted client: a bare socket, the contract's bytes, and nothing that hides what comes.
import { randomUUID } from "node:crypto";
import type { ClientControl, ServerControl } from "@muster/contracts/realtime/v1";
import {
  CONTROL_FRAME,
  decodeServerControl,
  encodeClientControl,
  encodeInput,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
} from "@muster/realtime";
import { WebSocket } from "ws";
import { Inbox, same, within } from "../expect.ts";

export type Kind = NonNullable<ClientControl["message"]["case"]>;
export type ToldKind = NonNullable<ServerControl["message"]["case"]>;
type Of<K extends ToldKind> = Extract<ServerControl["message"], { case: K }>["value"];

export interface Account {
  readonly playerId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What REST says, whatever it is. */
export async function rest(
  url: string,
  method: string,
  path: string,
  { body, token }: { body?: unknown; token?: string } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  const answer = await fetch(`${url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export async function guest(url: string): Promise<Account> {
  const { status, body } = await rest(url, "POST", "/v1/auth/guest", { body: { deviceKey: randomUUID() } });
  same(status, 200, `the status of a guest's log-in (${JSON.stringify(body)})`);
  const { player, tokens } = body as {
    player: { playerId: string };
    tokens: { accessToken: string; refreshToken: string };
  };
  return { playerId: player.playerId, ...tokens };
}

export class Socket {
  readonly told: Inbox<ServerControl> = new Inbox();
  readonly frames: Inbox<Uint8Array> = new Inbox();
  readonly closed: Promise<number>;
  readonly opened: Promise<void>;
  readonly raw: WebSocket;
  readonly #withinMs: number;
  #requestId = 1000;

  constructor(url: string, withinMs: number, protocols: string[] = [SUBPROTOCOL]) {
    this.#withinMs = withinMs;
    this.raw = new WebSocket(`${url.replace(/^http/, "ws")}/v1/realtime`, protocols);
    this.raw.on("message", (data: Buffer) => {
      if (data[0] === CONTROL_FRAME) this.told.add(decodeServerControl(data));
      else this.frames.add(Uint8Array.from(data));
    });
    this.closed = new Promise((resolve) => this.raw.once("close", resolve));
    this.opened = new Promise((resolve, reject) => this.raw.once("open", resolve).once("error", reject));
    this.opened.catch(() => undefined);
  }

  /** @returns its request's id */
  send(message: ClientControl["message"], more: { requestId?: number; traceparent?: string } = {}): number {
    const requestId = more.requestId ?? this.#requestId++;
    this.raw.send(encodeClientControl({ ...more, requestId, message } as never));
    return requestId;
  }

  bytes(frame: Uint8Array): void {
    this.raw.send(frame);
  }

  input(seq: number, tick: number, payload: Uint8Array): void {
    this.raw.send(encodeInput(seq, tick, payload));
  }

  /** The answer's kind, or its code where it is an error; and what it says. */
  async ask(kind: Kind, value: object): Promise<{ kind: string; value: Record<string, unknown> }> {
    return this.answer(this.send({ case: kind, value } as never), kind);
  }

  async answer(requestId: number, what: string): Promise<{ kind: string; value: Record<string, unknown> }> {
    const { message } = await this.told.take(this.#withinMs, `answer to ${what}`, (one) => one.requestId === requestId);
    const value = message.value as unknown as Record<string, unknown>;
    return { kind: message.case === "error" ? message.value.code : (message.case ?? "nothing"), value };
  }

  async next<K extends ToldKind>(
    kind: K,
    wanted: (value: Of<K>) => boolean = () => true,
    ms = this.#withinMs,
  ): Promise<Of<K>> {
    const fits = ({ message }: ServerControl): boolean => message.case === kind && wanted(message.value as Of<K>);
    return (await this.told.take(ms, kind, fits)).message.value as Of<K>;
  }

  /** An Error that answers no request. */
  async refusal(code: string, ms = this.#withinMs): Promise<Of<"error">> {
    const fits = ({ requestId, message }: ServerControl): boolean =>
      requestId === 0 && message.case === "error" && message.value.code === code;
    return (await this.told.take(ms, `Error with ${code}`, fits)).message.value as Of<"error">;
  }

  async frame(): Promise<Uint8Array> {
    return this.frames.take(this.#withinMs, "frame");
  }

  async code(what: string, ms = this.#withinMs): Promise<number> {
    return within(ms, this.closed, `end of the connection after ${what}`);
  }

  cut(): void {
    this.raw.terminate();
  }
}

export function helloOf(accessToken: string, protocolVersion = PROTOCOL_VERSION): ClientControl["message"] {
  return { case: "hello", value: { accessToken, protocolVersion, client: "conformance" } } as never;
}
