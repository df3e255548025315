import { createServer } from "node:net";
import { expect, it } from "vitest";
import { listenFailure } from "./listen-failure.ts";

/** As composed components and servers hand it on. */
async function failureOf(host: string, port: number): Promise<Error> {
  const cause = await new Promise<Error>((resolve, reject) => {
    const server = createServer().once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => reject(new Error("it listens")));
  });
  return new Error("rpc server did not start", { cause });
}

it("a process that cannot listen is told which variable to change, whatever the reason", async () => {
  const occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, "127.0.0.1", resolve));
  const { port } = occupant.address() as { port: number };
  const taken = await failureOf("127.0.0.1", port);
  expect(listenFailure(taken, { APP_HOST: "127.0.0.1", APP_PORT: port, APP_ADMIN_PORT: 1 })).toBe(
    `port ${port} of 127.0.0.1 (APP_PORT) is taken by another program: end that one, or choose another port with APP_PORT`,
  );
  expect(listenFailure(taken, { APP_PORT: port, APP_ADMIN_PORT: port })).toBe(
    `APP_PORT and APP_ADMIN_PORT are both ${port}: choose another port with one of them`,
  );
  occupant.close();
  expect(listenFailure(await failureOf("192.0.2.1", 4000), { APP_HOST: "192.0.2.1", APP_PORT: 4000 })).toBe(
    "this machine has no address 192.0.2.1: APP_HOST says where to listen",
  );
  const refused = Object.assign(new Error(), { syscall: "listen", code: "EACCES", address: "127.0.0.1", port: 80 });
  expect(listenFailure(refused, { APP_PORT: 80 })).toBe(
    "this user may not listen on port 80 (APP_PORT): choose one from 1024 on with APP_PORT",
  );
  const nowhere = Object.assign(new Error(), {
    syscall: "getaddrinfo",
    code: "ENOTFOUND",
    hostname: "nowhere.invalid",
  });
  expect(listenFailure(nowhere, { APP_HOST: "nowhere.invalid" })).toBe(
    "APP_HOST=nowhere.invalid leads to no address of this machine",
  );
  const elsewhere = Object.assign(new Error(), { syscall: "getaddrinfo", hostname: "db.invalid" });
  expect(listenFailure(elsewhere, { APP_HOST: "127.0.0.1" })).toBeUndefined();
  expect(listenFailure(new Error("no schema"), { APP_PORT: port })).toBeUndefined();
});
