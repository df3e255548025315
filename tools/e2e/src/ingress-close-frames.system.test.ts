// A socket that the gateway closes ends with the gateway's code, also for a client that is sending at that moment.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { freePort, type NginxServer, startNginx } from "@muster/local";
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";

const SOCKETS = 5;
const FRAMES = 6;
/** Long enough for the upstream's end to have come through the ingress, when nothing else runs. */
const BUSY_MS = 20;
/** 4500. */
const CLOSE_FRAME = "88021194";
const UPGRADE = "GET /v1/realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const FRAME = Buffer.of(0x82, 0x80, 1, 2, 3, 4);

describeWithServers("a socket that is closed behind the ingress", () => {
  const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-close-frames-"));
  let upstream: Worker;
  let nginx: NginxServer;
  let port = 0;
  beforeAll(async () => {
    upstream = new Worker(new URL("./closing-upstream.ts", import.meta.url));
    const address = `127.0.0.1:${(await once(upstream, "message"))[0] as number}`;
    port = await freePort();
    nginx = await startNginx({ prefix, port, edgeAddress: address, gatewayAddress: address });
  });
  afterAll(async () => {
    await nginx.stop();
    await upstream.terminate();
    rmSync(prefix, { recursive: true });
  });

  /** What comes after the upgrade, until the end, for a client that is too busy to read while it sends. */
  const receivedWhileSending = (): Promise<string> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const busy = new Int32Array(new SharedArrayBuffer(4));
      const socket = connect(port, "127.0.0.1", () => socket.write(UPGRADE));
      socket.on("data", (chunk) => {
        if (chunks.push(chunk) > 1) return;
        for (let i = 0; i < FRAMES && !socket.destroyed; i++) {
          socket.write(FRAME);
          Atomics.wait(busy, 0, 0, BUSY_MS);
        }
      });
      socket.on("end", () => socket.end()).on("error", () => undefined);
      socket.on("close", () => resolve(Buffer.concat(chunks.slice(1)).toString("hex")));
    });

  it("tells its code to a client that still sends", async () => {
    for (let i = 0; i < SOCKETS; i++) expect(await receivedWhileSending()).toBe(CLOSE_FRAME);
  });
});
