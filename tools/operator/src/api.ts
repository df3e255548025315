// Calls of the REST API as an admin.
import { createInterface } from "node:readline/promises";
import { type Command, OperatorError, say, UsageError } from "./command.ts";
import { type Environment, publicUrl } from "./environment.ts";

const CALL_WITHIN_MS = 30_000;

export const logIn: Command = {
  takes: "NAME",
  does: "Prints an access token (10 minutes) for NAME; the password comes from MUSTER_PASSWORD, or from standard input.",
  async run(args, env) {
    const [name, ...more] = args;
    if (!name || more.length > 0) throw new UsageError("who?");
    const password = env.variables["MUSTER_PASSWORD"] ?? (await firstLineOfInput());
    const body = JSON.stringify({ name, password, deviceLabel: "operator.sh" });
    const session = JSON.parse(await call(env, "POST", "/v1/auth/login", body)) as {
      tokens: { accessToken: string };
    };
    say(session.tokens.accessToken);
    return 0;
  },
};

export const url: Command = {
  takes: "",
  does: "Prints the URL of the ingress, for curl and others.",
  async run(args, env) {
    if (args.length > 0) throw new UsageError("it takes nothing");
    say(publicUrl(env));
    return 0;
  },
};

export const api: Command = {
  takes: "METHOD PATH [JSON]",
  does: "Calls the REST API with the access token in MUSTER_TOKEN (from log-in) and prints the answer.",
  async run(args, env) {
    const [method, path, body, ...more] = args;
    if (!method || !path?.startsWith("/") || more.length > 0) throw new UsageError("METHOD PATH [JSON]");
    const token = env.variables["MUSTER_TOKEN"];
    if (!token)
      throw new OperatorError("MUSTER_TOKEN is not set: export MUSTER_TOKEN=$(scripts/operator.sh log-in NAME)");
    const answer = await call(env, method, path, body, token);
    if (answer !== "") say(JSON.stringify(JSON.parse(answer), undefined, 2));
    return 0;
  },
};

/** @throws OperatorError with the answer when it is no 2xx */
async function call(env: Environment, method: string, path: string, body?: string, token?: string): Promise<string> {
  const response = await fetch(`${publicUrl(env)}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(CALL_WITHIN_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new OperatorError(`${method} ${path}: ${response.status} ${text}`);
  return text;
}

async function firstLineOfInput(): Promise<string> {
  const input = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await input.question(process.stdin.isTTY ? "password: " : "");
  } finally {
    input.close();
  }
}
