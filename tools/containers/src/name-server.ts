// A name server for containers: it answers from a table in memory.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_DESIRED } from "dns-packet";

const [NO_ERROR, NO_SUCH_NAME] = [0, 3];

export class NameServer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly port: number;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
  }

  /** `resolve`: IPv4 addresses of a name in lower case; undefined: no such name. */
  static async start(
    address: string,
    port: number,
    resolve: (name: string) => readonly string[] | undefined,
  ): Promise<NameServer> {
    const socket = createSocket("udp4");
    socket.on("message", (query, from) => {
      const answer = answerTo(query, resolve);
      if (answer) socket.send(answer, from.port, from.address);
    });
    socket.bind(port, address);
    await once(socket, "listening");
    return new NameServer(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close();
    await closed;
  }
}

function answerTo(query: Buffer, resolve: (name: string) => readonly string[] | undefined): Buffer | undefined {
  let asked: Packet;
  try {
    asked = decode(query);
  } catch {
    return undefined; // no DNS message: nobody to answer
  }
  const [question] = asked.questions ?? [];
  if (!question) return undefined;
  const addresses = resolve(question.name.toLowerCase());
  return encode({
    type: "response",
    id: asked.id ?? 0,
    flags: AUTHORITATIVE_ANSWER | ((asked.flags ?? 0) & RECURSION_DESIRED) | (addresses ? NO_ERROR : NO_SUCH_NAME),
    questions: [question],
    answers:
      question.type === "A" ? (addresses ?? []).map((data) => ({ type: "A", name: question.name, ttl: 0, data })) : [],
  });
}
