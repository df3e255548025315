// The compose file runs the same processes with the same configuration.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { SERVICES } from "./services.ts";

interface ComposeService {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly user?: string;
  readonly stop_grace_period?: string;
  readonly build?: { readonly args?: { readonly SERVICE?: string } };
}

export function readCompose(): string {
  return readFileSync(new URL("../../../infra/compose/compose.yaml", import.meta.url), "utf8");
}

export function composeProblems(text: string): string[] {
  const { services } = parse(text, { merge: true }) as { services: Record<string, ComposeService> };
  const problems = Object.keys(SERVICES)
    .filter((name) => !(name in services))
    .map((name) => `compose lacks ${name}`);
  for (const [name, service] of Object.entries(services)) {
    const known = SERVICES[name.replace(/-migrate$/, "")];
    if (!known) continue;
    if (service.read_only !== true || service.user !== "10001:10001")
      problems.push(`compose: ${name} may write, or is root`);
    const env = service.environment ?? {};
    problems.push(
      ...Object.keys(env)
        .filter((key) => !(key in known.fields))
        .map((key) => `compose: ${key} means nothing to ${name}`),
    );
    const filled = Object.fromEntries(
      Object.entries(env).map(([key, value]) => [
        key,
        /^\$\{\w+_KEY:\?\}$/.test(value)
          ? "ab".repeat(32)
          : value.replaceAll(/\$\{\w+:\?\}/g, "password").replaceAll(/\$\{\w+:-\}/g, ""),
      ]),
    );
    // Migrations end by themselves.
    const stopName = Object.keys(known.fields).find((key) => key.endsWith("_STOP_WITHIN_MS")) as string;
    const graceS = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? "")?.[1] ?? 10);
    if (!name.endsWith("-migrate") && !(Number(env[stopName]) < graceS * 1000))
      problems.push(`compose: ${name} is killed after ${graceS} s, within its own ${stopName} of ${env[stopName]} ms`);
    try {
      known.readConfig(filled);
    } catch (err) {
      problems.push(`compose: ${name}: ${(err as Error).message}`);
    }
  }
  return problems;
}
