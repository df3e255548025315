// A client of another make: a bare socket, the contract's bytes, and nothing that hides what comes.
import type { ClientControl, ServerControl } from "@muster/contracts/realtime/v1";
import { CONTROL_FRAME, decodeServerControl, encodeClientControl } from "@muster/realtime";
import { sleep } from "@muster/runtime";
import { expect } from "vitest";
import WebSocket from "ws";
import { guest } from "./players.ts";
import type { System } from "./system.ts";

/** Beyond what the gateway allows itself: what has not come by then does not come. */
const ANSWER_WITHIN_MS = 15_000;

export type Request = ClientControl["message"];

export class Asker {
  readonly accessToken: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<(control: ServerControl) => void>();
  #requestId = 1000;
  #closed: number | undefined;

  private constructor(socket: WebSocket, accessToken: string) {
    this.accessToken = accessToken;
    this.#socket = socket;
    socket.on("message", (frame: Buffer) => {
      if (frame[0] !== CONTROL_FRAME) return;
      const control = decodeServerControl(frame);
      for (const look of this.#waiting) look(control);
    });
    socket.on("close", (code) => (this.#closed = code));
  }

  static async connected(system: System): Promise<Asker> {
    const { client } = await guest(system.url);
    return Asker.connectedAs(await client.accessToken(), system);
  }

  static async connectedAs(accessToken: string, system: System): Promise<Asker> {
    const socket = new WebSocket(system.gatewayUrls[0] as string, ["muster.v1", `muster.token.${accessToken}`]);
    const asker = new Asker(socket, accessToken);
    const welcome = asker.next(({ message }) => message.case === "welcome");
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    await welcome;
    return asker;
  }

  /** Everything that comes from now on, as it comes. */
  heard(): ServerControl["message"][] {
    const all: ServerControl["message"][] = [];
    this.#waiting.add(({ message }) => all.push(message));
    return all;
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame);
  }

  next(wanted: (control: ServerControl) => boolean): Promise<ServerControl> {
    return new Promise((resolve) => {
      const look = (control: ServerControl): void => {
        if (!wanted(control)) return;
        this.#waiting.delete(look);
        resolve(control);
      };
      this.#waiting.add(look);
    });
  }

  async answerTo(requestId: number, frame: Uint8Array): Promise<ServerControl["message"]> {
    const answer = this.next((control) => control.requestId === requestId);
    this.send(frame);
    return (await answer).message;
  }

  /**
   * Every answer with the request's id: the first one, however long the machine takes over it, and what comes until the connection has
   * answered another request after it, and `settledMs` more.
   */
  async answersTo(message: Request, settledMs: number): Promise<ServerControl["message"][]> {
    const requestId = this.#requestId++;
    const answers: ServerControl["message"][] = [];
    let onFirst = (): void => undefined;
    const first = new Promise<void>((resolve) => (onFirst = resolve));
    const look = (control: ServerControl): void => {
      if (control.requestId !== requestId) return;
      answers.push(control.message);
      onFirst();
    };
    this.#waiting.add(look);
    this.send(encodeClientControl({ requestId, message }));
    await Promise.race([first, sleep(ANSWER_WITHIN_MS)]);
    await this.isThere();
    await sleep(settledMs);
    this.#waiting.delete(look);
    return answers;
  }

  async refusal(request: {
    message: Request;
    traceparent?: string;
  }): Promise<{ code: string; message: string; retryable: boolean }> {
    const requestId = this.#requestId++;
    const answer = await this.answerTo(requestId, encodeClientControl({ requestId, ...request }));
    if (answer.case !== "error") throw new Error(`answered with ${answer.case}`);
    return answer.value;
  }

  async isThere(): Promise<void> {
    expect(this.#closed).toBeUndefined();
    const requestId = this.#requestId++;
    const value = { payload: 7n };
    expect(
      await this.answerTo(requestId, encodeClientControl({ requestId, message: { case: "ping", value } })),
    ).toMatchObject({
      case: "pong",
      value,
    });
  }

  close(): void {
    this.#socket.close();
  }
}
