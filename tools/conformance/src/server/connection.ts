// One WebSocket of the client under test, as the scripted server sees it.
import type { ClientControl, ServerControl } from "@muster/contracts/realtime/v1";
import {
  CONTROL_FRAME,
  decodeClientControl,
  encodeServerControl,
  FRAME_BYTES_MAX,
  INPUT_FRAME,
  PROTOCOL_VERSION,
  readInputHeader,
  TOKEN_SUBPROTOCOL_PREFIX,
} from "@muster/realtime";
import type { WebSocket } from "ws";
import { holds, Inbox, pause, same, within } from "../expect.ts";

export type Kind = NonNullable<ClientControl["message"]["case"]>;
type Asked<K extends Kind> = {
  readonly requestId: number;
  readonly value: Extract<ClientControl["message"], { case: K }>["value"];
};
type Told = Parameters<typeof encodeServerControl>[0]["message"];

export interface SentInput {
  readonly seq: number;
  readonly tick: number;
  readonly payload: Uint8Array;
}

export class Connection {
  readonly playerId: string;
  readonly offered: readonly string[];
  readonly path: string;
  readonly closed: Promise<number>;
  readonly inputs: Inbox<SentInput> = new Inbox();
  /** False: a script answers pings itself. */
  answersPings = true;
  isOpen = true;
  readonly #controls = new Inbox<ClientControl>();
  /** Whatever is not allowed at all. */
  readonly #faults: string[] = [];
  readonly #requestIds = new Set<number>();
  readonly #socket: WebSocket;
  readonly #withinMs: number;
  #isWelcome = false;

  constructor(socket: WebSocket, opened: { playerId: string; offered: string[]; path: string; withinMs: number }) {
    this.#socket = socket;
    this.playerId = opened.playerId;
    this.offered = opened.offered;
    this.path = opened.path;
    this.#withinMs = opened.withinMs;
    socket.on("message", (data: Buffer, isBinary) => this.#take(data, isBinary));
    this.closed = new Promise((resolve) => {
      socket.on("close", (code) => {
        this.isOpen = false;
        resolve(code);
      });
    });
    socket.on("error", () => undefined);
  }

  /** @throws Error for what a client may never send */
  throwFaults(): void {
    if (this.#faults.length > 0) throw new Error(this.#faults.join("; "));
  }

  /** The next request of that kind. */
  async asked<K extends Kind>(kind: K, withinMs: number = this.#withinMs): Promise<Asked<K>> {
    const { requestId, message } = await this.#controls.take(withinMs, kind, (one) => one.message.case === kind);
    return { requestId, value: message.value as Asked<K>["value"] };
  }

  get untaken(): readonly string[] {
    return this.#controls.untaken.map(({ message }) => message.case ?? "an unknown request");
  }

  /** Accepts what the client says of itself. @returns its access token */
  async welcome(tokenEndsInMs = 600_000): Promise<string> {
    const offered = this.offered.find((one) => one.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
    const { requestId, value } = offered ? { requestId: 0, value: undefined } : await this.asked("hello");
    this.tellWelcome(requestId, tokenEndsInMs);
    return value?.accessToken ?? (offered as string).slice(TOKEN_SUBPROTOCOL_PREFIX.length);
  }

  tellWelcome(requestId: number, tokenEndsInMs = 600_000): void {
    this.#isWelcome = true;
    const about = { protocolVersion: PROTOCOL_VERSION, idleTimeoutMs: 32_000, maxFrameBytes: FRAME_BYTES_MAX };
    this.tell({ case: "welcome", value: { playerId: this.playerId, tokenEndsInMs, ...about } }, requestId);
  }

  tell(message: Told, requestId = 0, matchSeq = 0): void {
    this.frame(encodeServerControl({ requestId, matchSeq, message } as never));
  }

  refuse(
    code: string,
    requestId: number,
    more: { retryAfterMs?: number; count?: number; retryable?: boolean } = {},
  ): void {
    this.tell({ case: "error", value: { code, message: `for the check: ${code}`, ...more } }, requestId);
  }

  frame(bytes: Uint8Array): void {
    if (this.isOpen) this.#socket.send(bytes);
  }

  /** A WebSocket ping. @returns the answer's payload */
  async ping(payload: string): Promise<string> {
    const pong = new Promise<string>((resolve) =>
      this.#socket.once("pong", (data: Buffer) => resolve(data.toString())),
    );
    this.#socket.ping(payload);
    return within(this.#withinMs, pong, "pong");
  }

  async input(): Promise<SentInput> {
    return this.inputs.take(this.#withinMs, "input");
  }

  close(code: number): void {
    this.#socket.close(code, "for the check");
  }

  /** As a network would: no close frame. */
  cut(): void {
    this.#socket.terminate();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!isBinary) return void this.#faults.push("a text message was sent");
    if (data.length > FRAME_BYTES_MAX) this.#faults.push(`a frame of ${data.length} bytes was sent`);
    if (data[0] === CONTROL_FRAME) return this.#takeControl(data);
    const header = data[0] === INPUT_FRAME ? readInputHeader(data, 1) : undefined;
    if (!header) return void this.#faults.push(`a frame of type ${data[0]} was sent`);
    this.inputs.add({ ...header, payload: Uint8Array.from(data.subarray(9)) });
  }

  #takeControl(data: Buffer): void {
    let control: ClientControl;
    try {
      control = decodeClientControl(data);
    } catch (err) {
      return void this.#faults.push(`a control message cannot be read: ${String(err)}`);
    }
    const { requestId, message } = control;
    if (requestId !== 0 && this.#requestIds.has(requestId))
      this.#faults.push(`the request id ${requestId} was used twice`);
    this.#requestIds.add(requestId);
    if (!this.#isWelcome && message.case !== "hello") this.#faults.push(`${message.case} was sent before Welcome`);
    if (message.case === "ping" && this.answersPings)
      return this.tell({ case: "pong", value: { payload: message.value.payload } }, requestId);
    this.#controls.add(control);
  }
}

/** Nothing of that kind comes. */
export async function quiet(connection: Connection, ms: number, what: string): Promise<void> {
  await pause(ms);
  connection.throwFaults();
  same(connection.untaken, [], what);
  holds(connection.inputs.untaken.length === 0, `${what}: an input`);
}

export type ToldValue<K extends NonNullable<ServerControl["message"]["case"]>> = Partial<
  Omit<Extract<ServerControl["message"], { case: K }>["value"], "$typeName" | "$unknown">
>;
