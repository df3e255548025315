// What one address may take of the ingress, and that everything is sized from one number.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { freePort, ingressLimits, ingressShortages, type NginxServer, startNginx } from "@muster/local";
import { fields as gatewayFields } from "@muster/realtime-gateway/testing";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const LIMITS = { connectionsPerAddressMax: 8, requestsPerSPerAddress: 5 };
/** At once, before the rate counts: see the template. */
const BURST = LIMITS.requestsPerSPerAddress * 2 + 1;

describe("the sizes of the ingress", () => {
  it("follow from the sockets that a gateway takes, and from what this machine allows", () => {
    const plenty = ingressLimits(1_000_000);
    const sockets = gatewayFields.GATEWAY_CONNECTIONS_MAX["default"] as number;
    expect(plenty.socketsMax).toBe(sockets);
    expect(plenty.workerConnections).toBeGreaterThanOrEqual(plenty.socketsMax * 2);
    expect(plenty.filesMax).toBeGreaterThan(plenty.workerConnections);
    const machine = { filesMax: 1_000_000, ports: 60_000, backlogMax: 4096 };
    expect(ingressShortages(sockets, machine)).toEqual([]);
    const little = ingressLimits(10_000);
    expect(little.filesMax).toBeLessThanOrEqual(10_000);
    expect(little.socketsMax).toBe(3720);
    expect(ingressLimits(1024).socketsMax, "none are fewer than none").toBe(0);
    // Each thing that is short has a line of its own, and so does a gateway that takes more than by default.
    const lines = ingressShortages(sockets, { filesMax: 10_000, ports: 19_999, backlogMax: 128 });
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("3720 players' sockets, not 20000");
    expect(lines[1]).toContain("19999 ports");
    expect(lines[2]).toContain("at most 128 connections");
    expect(ingressShortages(65_000, machine)).toHaveLength(1);
    expect(ingressLimits(1_000_000, 65_000).socketsMax).toBe(65_000);
  });
});

describeWithServers("what one address may take of the ingress", () => {
  const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-limits-"));
  const upstream = createServer((_asked, response) => response.end("{}"));
  let nginx: NginxServer;
  let port = 0;
  beforeAll(async () => {
    const upstreamPort = await freePort();
    await new Promise<void>((resolve) => upstream.listen(upstreamPort, "127.0.0.1", resolve));
    port = await freePort();
    const address = `127.0.0.1:${upstreamPort}`;
    nginx = await startNginx({
      prefix,
      port,
      edgeAddress: address,
      gatewayAddress: address,
      limits: LIMITS,
      realIpDirectives: "set_real_ip_from 127.0.1.0/24; real_ip_header X-Test-Address;",
    });
  });
  afterAll(async () => {
    await nginx.stop();
    upstream.close();
    rmSync(prefix, { recursive: true });
  });

  /** From an address of the loopback range; or from any, through the only one that is believed. */
  const get = (from: string): Promise<{ status: number; body: string; retryAfter: string | undefined }> =>
    new Promise((resolve, reject) => {
      const claimed = from.includes(":");
      const headers = claimed ? { "x-test-address": from } : {};
      const localAddress = claimed ? "127.0.1.1" : from;
      request({ host: "127.0.0.1", port, path: "/v1/modes", localAddress, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            retryAfter: response.headers["retry-after"],
          }),
        );
      })
        .once("error", reject)
        .end();
    });
  const flood = async (from: readonly string[]): Promise<number> => {
    let passed = 0;
    for (let i = 0; i < BURST * 3; i++) if ((await get(from[i % from.length] as string)).status === 200) passed++;
    return passed;
  };

  it("is so many requests, then the contract's refusal; others go on", async () => {
    expect(await flood(["127.0.66.1"])).toBeLessThan(BURST * 2);
    const refused = await get("127.0.66.1");
    expect(refused).toMatchObject({ status: 429, retryAfter: "1" });
    expect(JSON.parse(refused.body)).toEqual({
      error: { code: "busy", message: expect.any(String), traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect((await get("127.0.66.2")).status).toBe(200);
  });

  it.each([
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true],
    ["2001:db8:1:3:a:b:c:d", "2001:db8:1:3::d", true],
    ["2001:db8::a:1", "2001:db8::b:2", true],
    ["2001:db8:4::1", "2001:db8:4::2:0:0:1", true],
    ["2001:db8:1:4::1", "2001:db8:1:5::1", false],
  ])("is an IPv6 customer's together: %s and %s", async (a, b, together) => {
    const alone = await flood([a]);
    expect(alone).toBeLessThan(BURST * 2);
    expect((await get(b)).status).toBe(together ? 429 : 200);
  });

  it("is so many requests at once, and no more connections that say nothing than there is time for", async () => {
    const slow = Array.from({ length: 40 }, () => {
      const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.66.9" });
      socket.on("error", () => undefined).write("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
      return socket;
    });
    expect((await get("127.0.66.10")).status).toBe(200);
    await until(
      () => (slow.every((socket) => socket.destroyed || socket.readableEnded) ? undefined : "still open"),
      15_000,
    );
  });
});
