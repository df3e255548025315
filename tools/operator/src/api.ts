// Calls of the REST API as an admin.
import { createInterface } from "node:readline";
import { type Command, say } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";
import { type Environment, publicUrl } from "./environment.ts";
import { ask } from "./http.ts";

const CALL_WITHIN_MS = 30_000;

export const logIn: Command = {
  takes: "NAME",
  does: "Prints an access token for NAME, valid for 10 minutes; reads the password from MUSTER_PASSWORD or standard input.",
  async run(args, env) {
    const [name, ...more] = args;
    if (!name || more.length > 0) throw new UsageError("a name is missing");
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
  does: "Prints the URL of the ingress, for example for curl.",
  async run(args, env) {
    if (args.length > 0) throw new UsageError("this command takes no arguments");
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

/** @throws OperatorError with the answer when it is no 2xx, or when there is none */
async function call(env: Environment, method: string, path: string, body?: string, token?: string): Promise<string> {
  const { ok, status, text } = await ask(`${publicUrl(env)}${path}`, CALL_WITHIN_MS, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
  });
  if (!ok) throw new OperatorError(`${method} ${path}: ${status} ${text}`);
  return text;
}

/** @throws OperatorError when the input ends without a line */
async function firstLineOfInput(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write("password: ");
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new OperatorError("there is no password: set MUSTER_PASSWORD, or write it to standard input");
}
