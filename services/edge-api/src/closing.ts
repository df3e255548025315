// How the server lets go of its connections when it stops. Node's closes those that wait for their next request, once; one that has said
// nothing yet, or whose answer was still under way, would keep the process for as long as a connection may be idle.
import type { Server } from "node:http";
import type { Socket } from "node:net";

const LOOK_EVERY_MS = 50;
/** A request may be on its way on a connection that was just opened. */
const SILENT_MS_MAX = 300;

interface Use {
  /** Requests whose answers are under way. */
  requests: number;
  idleSince: number;
}

/** @returns lets go of every connection: of one without a request soon, of the others when they are answered, or `withinMs` have passed. */
export function connectionsOf(server: Server): (withinMs: number) => void {
  const open = new Map<Socket, Use>();
  server.on("connection", (socket) => {
    open.set(socket, { requests: 0, idleSince: performance.now() });
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", (request, response) => {
    const use = open.get(request.socket);
    if (!use) return;
    use.requests++;
    response.once("close", () => {
      use.requests--;
      use.idleSince = performance.now();
    });
  });
  return (withinMs) => {
    const end = performance.now() + withinMs;
    const timer = setInterval(() => {
      const now = performance.now();
      for (const [socket, { requests, idleSince }] of open)
        if (now >= end || (requests === 0 && now - idleSince >= SILENT_MS_MAX)) socket.destroy();
      if (open.size === 0 && !server.listening) clearInterval(timer);
    }, LOOK_EVERY_MS).unref();
  };
}
