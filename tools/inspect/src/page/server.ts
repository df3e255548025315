// The page of an inspection, and what it asks for. Only for this machine: it listens on the loopback interface, and answers no page of
// another site, whatever name that gives it.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pageFiles } from "./page-files.ts";
import { orderOf } from "./orders.ts";
import type { InspectSession } from "./session.ts";

const BODY_BYTES_MAX = 65_536;
/** Views a second, at most: what changed in between is in the next one. */
const VIEW_EVERY_MS = 33;
/** A page that reads no more gets no more. */
const UNSENT_BYTES_MAX = 4_194_304;
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
} as const;

export interface InspectServer extends AsyncDisposable {
  readonly url: string;
  /** There is another view. */
  changed(): void;
}

/** @param port 0: any */
export async function serveInspection(session: InspectSession, port: number): Promise<InspectServer> {
  const files = await pageFiles();
  const pages = new Map<ServerResponse, { gameSent: number }>();
  let timer: NodeJS.Timeout | undefined;

  function show(): void {
    timer = undefined;
    const { view, game } = session;
    const [viewText, gameText] = [
      `event: view\ndata: ${JSON.stringify(view)}\n\n`,
      `event: game\ndata: ${JSON.stringify(game)}\n\n`,
    ];
    for (const [res, page] of pages) {
      if (res.writableLength > UNSENT_BYTES_MAX) continue;
      if (page.gameSent !== view.rules) res.write(gameText);
      page.gameSent = view.rules;
      res.write(viewText);
    }
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value);
    if (!isOurs(req, server.address() as AddressInfo)) return void res.writeHead(403).end("only for this machine\n");
    const { pathname } = new URL(req.url ?? "/", "http://localhost");
    const file = files.get(pathname);
    if (req.method === "POST" && pathname === "/orders") {
      try {
        await session.order(orderOf(await bodyOf(req)));
        res.writeHead(204).end();
      } catch (err) {
        res.writeHead(400).end(`${(err as Error).message}\n`);
      }
    } else if (pathname === "/views") {
      res.writeHead(200, { "content-type": "text/event-stream" });
      pages.set(res, { gameSent: 0 });
      res.on("close", () => pages.delete(res));
      show();
    } else if (file && req.method === "GET") res.writeHead(200, { "content-type": file.type }).end(file.text);
    else res.writeHead(404).end("no such page\n");
  }

  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    changed: () => void (timer ??= setTimeout(show, VIEW_EVERY_MS)),
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A page of another site can reach this machine's ports, and give them a name of its own. */
function isOurs({ headers, method }: IncomingMessage, { port }: AddressInfo): boolean {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? "")) return false;
  if (method === "POST" && headers["content-type"] !== "application/json") return false;
  return headers.origin === undefined || hosts.some((host) => headers.origin === `http://${host}`);
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error("too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
