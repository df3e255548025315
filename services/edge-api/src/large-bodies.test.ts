// A body that is too large is refused while it is still being sent. The ingress keeps its connection then: broken, it would answer 503 in place of 413.
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { restServer } from "../test/rest-server.ts";

const server = restServer("01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e");
beforeAll(() => server.listen({ host: "127.0.0.1", port: 0 }));
afterAll(() => server.close());

function post(bytes: number): string {
  return `POST /v1/auth/guest HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`;
}

it.each([16_385, 40_000, 65_536])("%i bytes: the rest is read, and the next request is answered", async (bytes) => {
  const socket = connect((server.server.address() as AddressInfo).port, "127.0.0.1");
  let got = "";
  socket.setEncoding("utf8").on("data", (text) => (got += String(text)));
  socket.write(post(bytes));
  while (!got.includes("body_too_large")) await once(socket, "data");
  expect(got).toMatch(/^HTTP\/1\.1 413 /);
  got = "";
  socket.write("x".repeat(bytes)); // only now
  socket.write(`${post(2)}{}`);
  while (!got.includes("body.deviceKey")) await once(socket, "data");
  expect(got).toMatch(/^HTTP\/1\.1 400 /);
  socket.destroy();
});

it("a body longer than the ingress lets through ends the connection", async () => {
  const socket = connect((server.server.address() as AddressInfo).port, "127.0.0.1").resume();
  socket.on("error", () => undefined);
  socket.write(post(10_000_000));
  await once(socket, "close");
});
