// The start of the ingress's image, as it is: shell, template, nginx.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, paths } from "@muster/local";
import { describeWithServers, until } from "@muster/testkit";
import { expect, it } from "vitest";

describeWithServers("the image of the ingress", () => {
  it("fills in its configuration and serves, with few files and ports as well", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "muster-ingress-image-"));
    const port = await freePort();
    const env = {
      PATH: `${process.env["PATH"]}:/usr/sbin`,
      NGINX_FOLDER: folder,
      TEMPLATE_FOLDER: path.join(paths.root, "infra/nginx"),
      PUBLIC_HOST: "localhost",
      EDGE_ADDRESS: "127.0.0.1:9",
      GATEWAY_ADDRESSES: "127.0.0.1:9, 127.0.0.2:9",
      LISTEN_ADDRESS: `127.0.0.1:${port}`,
      TLS_DIRECTIVES: "",
      REAL_IP_DIRECTIVES: "",
      USER_DIRECTIVE: process.getuid?.() === 0 ? "user root;" : "",
      SOCKETS_MAX: "70000", // more than there can be ports
    };
    const script = path.join(paths.root, "infra/images/ingress.sh");
    // A group of its own: what looks for new addresses ends with a container, and here with the group.
    const child = spawn("sh", [script], { env, detached: true, stdio: ["ignore", "ignore", "pipe"] });
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
      expect(said).toMatch(/connections from here have \d+ ports .* 70000 players' sockets/);
      child.kill("SIGQUIT");
      expect(await exited).toEqual([0, null]);
    } finally {
      endGroup(child.pid as number);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // nobody of it is left
  }
}
