import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { spawnListening } from "./child.ts";
import { freePort } from "./ports.ts";

it("a server that does not come to listen is stopped, and what it said is told: nothing of it keeps a command from ending", async () => {
  const said: string[] = [];
  const started = spawnListening(
    { port: await freePort(), withinMs: 500 },
    {
      name: "deaf",
      command: "sh",
      args: ["-c", "echo pid $$; exec sleep 60"],
      onLine: (line) => said.push(line),
    },
  );
  await expect(started).rejects.toThrow(/^deaf: nothing listens on port \d+ after 500 ms; its output:\npid \d+$/);
  const pid = Number(/\d+/.exec(said[0] ?? "")?.[0]);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
