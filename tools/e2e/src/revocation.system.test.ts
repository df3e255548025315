// What is ended at identity is ended at every edge and gateway, within seconds.
import { randomBytes } from "node:crypto";
import { MusterClient, type MusterError } from "@muster/client";
import { DISCONNECTS } from "@muster/realtime";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guest, makeAdmin, randomName } from "./players.ts";
import { startSystem, type System } from "./system.ts";

const PASSWORD = "correct horse battery";

describeWithServers("revocation", () => {
  let system: System;
  let admin: MusterClient;
  beforeAll(async () => {
    system = await startSystem({
      env: { EDGE_REVOCATION_FEED_EVERY_MS: "100", GATEWAY_REVOCATION_FEED_EVERY_MS: "100" },
    });
    admin = new MusterClient({ url: system.url });
    const { playerId } = await admin.register({ name: randomName(), password: PASSWORD });
    await makeAdmin(system, playerId);
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const asAdmin = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${system.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${await admin.accessToken()}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const statusOf = async (accessToken: string): Promise<string> => {
    const response = await fetch(`${system.url}/v1/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    const body = (await response.json()) as { error?: { code: string } };
    return body.error?.code ?? "ok";
  };
  /** A bare socket, and the code with which it is closed. */
  const socketOf = async (accessToken: string): Promise<{ closed: Promise<number> }> => {
    const socket = new WebSocket(`${system.url.replace("http", "ws")}/v1/realtime`, [
      "muster.v1",
      `muster.token.${accessToken}`,
    ]);
    const closed = new Promise<number>((resolve) => socket.addEventListener("close", (event) => resolve(event.code)));
    await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
    return { closed };
  };

  it("closes a banned player's socket and refuses the access token that is still young", async () => {
    const { client, player } = await guest(system.url);
    const accessToken = await client.accessToken();
    expect(await statusOf(accessToken)).toBe("ok");
    const { closed } = await socketOf(accessToken);
    const realtime = await client.connect();
    const gaveUp = new Promise<MusterError>((resolve) => realtime.onClosed(resolve));
    const ban = await asAdmin("PUT", `/v1/admin/players/${player.playerId}/ban`, { reason: "cheating" });
    expect(ban.status).toBe(204);
    expect([DISCONNECTS.replaced.code, DISCONNECTS.sessionEnded.code]).toContain(await closed);
    expect((await gaveUp).code).toBe("bad_refresh_token"); // the SDK asked for a fresh token and got none
    await expect.poll(() => statusOf(accessToken), { timeout: 5000 }).toBe("token_revoked");
  });

  it("ends one device and leaves the other", async () => {
    const name = randomName();
    const [phone, laptop] = [new MusterClient({ url: system.url }), new MusterClient({ url: system.url })];
    await phone.register({ name, password: PASSWORD, deviceLabel: "phone", deviceId: randomBytes(16).toString("hex") });
    await laptop.logIn({ name, password: PASSWORD, deviceLabel: "laptop" });
    const devices = await laptop.devices();
    expect(devices.map(({ label, current }) => [label, current])).toEqual([
      ["laptop", true],
      ["phone", false],
    ]);
    const token = await phone.accessToken();
    const { closed } = await socketOf(token);
    await laptop.revokeDevice(devices[1]?.deviceId as string);
    await expect.poll(() => statusOf(token), { timeout: 5000 }).toBe("token_revoked");
    expect(await closed).toBe(DISCONNECTS.sessionEnded.code);
    await expect(phone.refresh()).rejects.toMatchObject({ code: "bad_refresh_token" });
    expect((await laptop.me()).name).toBe(name);
  });

  it("is known to an edge and a gateway that start afterwards", async () => {
    const { client } = await guest(system.url);
    const token = await client.accessToken();
    await client.logOut();
    await system.stop("edge");
    await system.start("edge");
    await expect.poll(() => statusOf(token).catch(() => "down"), { timeout: 5000 }).toBe("token_revoked");
  });

  it("of a signing key refuses its tokens, and the SDK goes on with a fresh one", async () => {
    const { client } = await guest(system.url);
    const token = await client.accessToken();
    const { keys } = (await (await asAdmin("GET", "/v1/admin/signing-keys")).json()) as {
      keys: { kid: string; state: string }[];
    };
    const kid = keys.find((key) => key.state === "active")?.kid as string;
    expect((await asAdmin("POST", `/v1/admin/signing-keys/${kid}/revoke`, { reason: "drill" })).status).toBe(204);
    await expect.poll(() => statusOf(token), { timeout: 5000 }).toBe("token_invalid");
    expect((await client.me()).kind).toBe("guest");
    await admin.refresh();
    const { entries } = (await (await asAdmin("GET", "/v1/admin/audit-log?limit=1")).json()) as {
      entries: { action: string; target: string; reason: string }[];
    };
    expect(entries[0]).toMatchObject({ action: "key_revoked", target: kid, reason: "drill" });
  });

  it("cannot be ordered by a player", async () => {
    const { client, player } = await guest(system.url);
    const headers = { authorization: `Bearer ${await client.accessToken()}`, "content-type": "application/json" };
    for (const [method, path, body] of [
      ["PUT", `/v1/admin/players/${player.playerId}/ban`, { reason: "x" }],
      ["POST", `/v1/admin/players/${player.playerId}/unban`, { reason: "x" }],
      ["PUT", `/v1/admin/players/${player.playerId}/role`, { role: "admin", reason: "x" }],
      ["GET", "/v1/admin/audit-log", undefined],
      ["GET", "/v1/admin/signing-keys", undefined],
      ["POST", "/v1/admin/signing-keys/rotate", { reason: "x" }],
      ["POST", "/v1/admin/signing-keys/abc/revoke", { reason: "x" }],
      ["POST", `/v1/admin/matches/${player.playerId}/cancel`, { reason: "x" }],
    ] as const) {
      const response = await fetch(system.url + path, {
        method,
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      expect(response.status, path).toBe(403);
    }
  });
});
