import { connect, createServer, type Server } from "node:net";

export interface Front {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * One address for several processes, as a load balancer has: each connection goes to the next one that answers.
 * @param at its port; 0: any
 */
export async function openFront(ports: () => readonly number[], at = 0): Promise<Front> {
  let next = 0;
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined); // the other side hears of it by the close
    const all = ports();
    const first = next++;
    const attempt = (i: number): void => {
      if (i === all.length) return void socket.destroy();
      const upstream = connect({ port: all[(first + i) % all.length] as number, host: "127.0.0.1", noDelay: true });
      let through = false;
      upstream.once("connect", () => {
        through = true;
        socket.setNoDelay(true);
        socket.pipe(upstream).pipe(socket);
      });
      upstream.on("error", () => (through ? socket.destroy() : attempt(i + 1)));
      upstream.on("close", () => through && socket.destroy());
      socket.on("close", () => through && upstream.destroy());
    };
    attempt(0);
  });
  await new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
