import { createServer, type Server } from "node:net";
import type { Component } from "@muster/runtime";
import { GatewayLink, type GatewayLinkParts } from "./gateway-link.ts";
import { UnauthenticatedLinks } from "./unauthenticated-links.ts";

export interface LinkServer extends Component {
  /** host:port where it listens. */
  readonly address: string;
}

const CLOSE_WITHIN_MS = 1000;

export function createLinkServer(options: { host: string; port: number }, parts: GatewayLinkParts): LinkServer {
  const links = new Set<GatewayLink>();
  const unauthenticated = new UnauthenticatedLinks();
  let address = "";
  const server: Server = createServer((socket) => {
    const link = new GatewayLink(socket, parts);
    links.add(link);
    socket.once("close", () => {
      links.delete(link);
      unauthenticated.delete(link);
    });
    unauthenticated.add(link);
  });
  return {
    name: "link server",
    get address() {
      return address;
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(options.port, options.host, resolve);
      });
      const bound = server.address() as { address: string; port: number };
      address = `${bound.address}:${bound.port}`;
      parts.log.info({ address }, "link server is listening");
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const link of links) link.close();
      const timer = setTimeout(() => {
        for (const link of links) link.destroy();
      }, CLOSE_WITHIN_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}
