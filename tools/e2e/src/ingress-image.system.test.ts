// The start of the ingress's image, as it is: shell, template, nginx.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, ingressLimits, paths } from "@muster/local";
import { fields as gatewayFields } from "@muster/realtime-gateway/testing";
import { describeWithServers, until } from "@muster/testkit";
import { expect, it } from "vitest";

describeWithServers("the image of the ingress", () => {
  it("fills in its configuration and serves, with few files and ports as well", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "muster-ingress-image-"));
    const port = await freePort();
    const env = environmentFor(folder, { LISTEN_ADDRESS: `127.0.0.1:${port}`, SOCKETS_MAX: "70000" }); // more than there can be ports
    // A group of its own: what looks for new addresses ends with a container, and here with the group.
    const child = spawn("sh", [SCRIPT], { env, detached: true, stdio: ["ignore", "ignore", "pipe"] });
    const exited = once(child, "exit");
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said += data.toString()));
    try {
      await until(async () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${said}`);
        const alive = await fetch(`http://127.0.0.1:${port}/livez`).catch(() => undefined);
        return alive?.ok ? undefined : "no answer";
      });
      expect(readFileSync(path.join(folder, "gateways.conf"), "utf8")).toBe(
        "server 127.0.0.1:9 fail_timeout=2s;\nserver 127.0.0.2:9 fail_timeout=2s;\n",
      );
      expect(said).toMatch(/this machine has \d+ ports for outgoing connections .* 70000 players' sockets/);
      child.kill("SIGQUIT");
      expect(await exited).toEqual([0, null]);
    } finally {
      endGroup(child.pid as number);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("is sized just as the ingress of up.sh, whatever the machine allows", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "muster-ingress-image-"));
    writeFileSync(path.join(folder, "nginx"), "#!/bin/sh\nexec true\n", { mode: 0o755 }); // it needs no more than to be started
    try {
      for (const sockets of [undefined, 1000, 20_000])
        for (const files of [1024, 4096, 16_000]) {
          const given = sockets === undefined ? {} : { SOCKETS_MAX: String(sockets) };
          const env = environmentFor(folder, { LISTEN_ADDRESS: "127.0.0.1:9", ...given });
          const child = spawn("sh", ["-c", `ulimit -n ${files} && exec sh "${SCRIPT}"`], {
            env: { ...env, PATH: `${folder}:${env.PATH}` },
            detached: true,
            stdio: ["ignore", "ignore", "pipe"],
          });
          let said = "";
          child.stderr.on("data", (data: Buffer) => (said += data.toString()));
          expect(await once(child, "exit")).toEqual([0, null]);
          endGroup(child.pid as number);
          const text = readFileSync(path.join(folder, "nginx.conf"), "utf8");
          const filled = (directive: string): number => Number(new RegExp(`${directive} (\\d+)`).exec(text)?.[1]);
          const expected = sockets ?? (gatewayFields.GATEWAY_CONNECTIONS_MAX["default"] as number);
          const wanted = ingressLimits(files, expected);
          expect(text, "a variable that nothing fills in").not.toMatch(/\$\{\w/);
          if (wanted.socketsMax < expected) await until(() => (said.includes(`, not ${expected}:`) ? undefined : said));
          expect({
            filesMax: filled("worker_rlimit_nofile"),
            workerConnections: filled("worker_connections"),
            connectionsPerAddressMax: filled("limit_conn connections"),
          }).toEqual({
            filesMax: wanted.filesMax,
            workerConnections: wanted.workerConnections,
            connectionsPerAddressMax: wanted.connectionsPerAddressMax,
          });
        }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("has the player's page unless PAGE is off, as for a v1.5 whose pages it would hide; and takes no other word for it", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "muster-ingress-image-"));
    writeFileSync(path.join(folder, "nginx"), "#!/bin/sh\nexec true\n", { mode: 0o755 }); // it needs no more than to be started
    try {
      const page = async (PAGE: string | undefined): Promise<string | number> => {
        const env = {
          ...environmentFor(folder, { LISTEN_ADDRESS: "127.0.0.1:9" }),
          ...(PAGE !== undefined && { PAGE }),
        };
        const child = spawn("sh", [SCRIPT], {
          env: { ...env, PATH: `${folder}:${env.PATH}` },
          detached: true,
          stdio: "ignore",
        });
        const [code] = (await once(child, "exit")) as [number];
        endGroup(child.pid as number);
        return code === 0 ? readFileSync(path.join(folder, "page.conf"), "utf8") : code;
      };
      expect(await page("off")).toBe("");
      for (const on of [undefined, "on"]) expect(await page(on)).toContain("location = /index.html");
      expect(await page("false")).toBe(2);
      for (const file of ["infra/compose/compose.yaml", "infra/k8s/base/ingress.yaml"])
        expect(readFileSync(path.join(paths.root, file), "utf8"), file).toMatch(
          /PAGE(: "\$\{PAGE:-on\}"|\n\s+value: "on")/,
        );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const SCRIPT = path.join(paths.root, "infra/images/ingress.sh");

function environmentFor(folder: string, more: { LISTEN_ADDRESS: string; SOCKETS_MAX?: string }) {
  return {
    PATH: `${process.env["PATH"]}:/usr/sbin`,
    NGINX_FOLDER: folder,
    TEMPLATE_FOLDER: path.join(paths.root, "infra/nginx"),
    PUBLIC_HOST: "localhost",
    EDGE_ADDRESS: "127.0.0.1:9",
    GATEWAY_ADDRESSES: "127.0.0.1:9, 127.0.0.2:9",
    TLS_DIRECTIVES: "",
    REAL_IP_DIRECTIVES: "",
    USER_DIRECTIVE: process.getuid?.() === 0 ? "user root;" : "",
    ...more,
  };
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // nobody of it is left
  }
}
