// A client whose connection breaks at the worst moment: its match was found, and it never read so.
import type { MusterClient } from "@muster/client";
import { decodeServerControl, encodeClientControl, PROTOCOL_VERSION, SUBPROTOCOL } from "@muster/realtime";
import WebSocket from "ws";
import type { System } from "./system.ts";

/** @returns what the second connection is told, having shown the ticket of the first. */
export async function lostOnFound(system: System, client: MusterClient, mode: string): Promise<{ matchId: string }> {
  const accessToken = await client.accessToken();
  const first = await queued(system, accessToken, mode, "");
  await first.found; // read by the socket, but not by anyone behind it
  first.socket.terminate();
  const second = await queued(system, accessToken, mode, first.ticketId);
  const found = await second.found;
  second.socket.terminate();
  return found;
}

interface Wait {
  readonly socket: WebSocket;
  readonly ticketId: string;
  readonly found: Promise<{ matchId: string }>;
}

async function queued(system: System, accessToken: string, mode: string, resumeTicketId: string): Promise<Wait> {
  const socket = new WebSocket(system.gatewayUrls[0] as string, SUBPROTOCOL);
  const ticket = Promise.withResolvers<string>();
  const found = Promise.withResolvers<{ matchId: string }>();
  socket.on("error", ticket.reject);
  socket.on("open", () =>
    socket.send(
      encodeClientControl({ message: { case: "hello", value: { accessToken, protocolVersion: PROTOCOL_VERSION } } }),
    ),
  );
  socket.on("message", (bytes: Buffer) => {
    const { message } = decodeServerControl(bytes);
    if (message.case === "welcome")
      socket.send(encodeClientControl({ requestId: 1, message: { case: "enqueue", value: { mode, resumeTicketId } } }));
    if (message.case === "queued") ticket.resolve(message.value.ticketId);
    if (message.case === "matchFound") found.resolve(message.value);
  });
  return { socket, ticketId: await ticket.promise, found: found.promise };
}
