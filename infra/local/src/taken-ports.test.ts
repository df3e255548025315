import { createServer } from "node:net";
import { expect, it } from "vitest";
import { createEnvironment, portsFrom } from "./environment.ts";
import { freePort } from "./ports.ts";
import { portVariables, refuseTakenPorts } from "./taken-ports.ts";

it("every port of a whole system is looked at before it starts, and whoever has one taken hears what chooses another", async () => {
  const chooserOf = (name: string): string =>
    ({ MUSTER_INGRESS_PORT: "MUSTER_PORT", MUSTER_INGRESS_TLS_PORT: "MUSTER_TLS_PORT" })[name] ?? "MUSTER_PORT_BASE";
  const ports = { ...portsFrom(0, 0) };
  for (const name of Object.keys(ports) as (keyof typeof ports)[]) Object.assign(ports, { [name]: await freePort() });
  const env = createEnvironment(ports);
  const names = portVariables(env);
  expect(names).toHaveLength(Object.keys(ports).length);
  await expect(refuseTakenPorts(env, names)).resolves.toBeUndefined();
  for (const name of names) {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(Number(env[name]), "127.0.0.1", resolve));
    await expect(refuseTakenPorts(env, names), name).rejects.toThrow(
      new RegExp(
        `^port ${env[name]} \\(${name}\\) is taken by another program: choose another with ${chooserOf(name)}$`,
      ),
    );
    await new Promise((resolve) => occupant.close(resolve));
  }
  await expect(refuseTakenPorts({ ...env, EDGE_PORT: env["CHAT_GRPC_PORT"] }, names)).rejects.toThrow("are both");
});
