// Outgoing HTTP. `fetch` and `request` of Node wait for minutes by default; these do not.
import { type ClientRequest, type IncomingMessage, request as plain, type RequestOptions } from "node:http";
import { request as overTls } from "node:https";
import { noteBuilt } from "./built.ts";
import { type Dependency, nameOf } from "./row.ts";

export interface HttpCaller {
  /** Until its body has been read it is under way. @throws Error when it takes too long, or too many are under way */
  fetchText(url: URL): Promise<{ readonly status: number; readonly ok: boolean; readonly text: string }>;
  /** For what streams: its caller ends it. A connection has to be there within the row's time. */
  request(url: URL, options: RequestOptions, onResponse?: (response: IncomingMessage) => void): ClientRequest;
}

export function createHttpCaller(row: Dependency): HttpCaller {
  noteBuilt([row]);
  let underWay = 0;
  const full = (): Error | undefined =>
    underWay >= row.bulkhead ? new Error(`${nameOf(row)}: ${row.bulkhead} are under way already`) : undefined;
  return {
    async fetchText(url) {
      const refusal = full();
      if (refusal) throw refusal;
      underWay++;
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(row.totalMs) });
        return { status: response.status, ok: response.ok, text: await response.text() };
      } finally {
        underWay--;
      }
    },
    request(url, options, onResponse) {
      const refusal = full();
      underWay++;
      const sent = (url.protocol === "https:" ? overTls : plain)(url, options, onResponse);
      sent.once("close", () => underWay--);
      if (refusal) return sent.destroy(refusal);
      sent.once("socket", (socket) => {
        if (!socket.connecting) return;
        const late = setTimeout(() => {
          sent.destroy(Object.assign(new Error(`no connection within ${row.connectMs} ms`), { code: "ETIMEDOUT" }));
        }, row.connectMs);
        socket.once("connect", () => clearTimeout(late));
        sent.once("close", () => clearTimeout(late));
      });
      return sent;
    },
  };
}
