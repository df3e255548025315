// Where the operator's commands find the installation: the local system's own files, or the operator's environment.
// The two are never mixed: a file given with --env-file stands alone, with the process's variables on top, and what names another
// installation in the shell is not taken for the local one.
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import {
  adminPortVariable,
  databaseServices,
  databaseVariable,
  paths,
  readOwnVariables,
  SERVICES,
} from "@muster/local";
import { OperatorError } from "./errors.ts";

export interface Environment {
  /** For what is started: the process's variables, and those of the installation. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The local system of this checkout, with its logs and its private MariaDB. */
  readonly isLocal: boolean;
  /** For messages: where the variables come from. */
  readonly from: string;
}

/** The variables with the services' databases. */
export const DATABASE_URLS: readonly string[] = databaseServices().map(databaseVariable);

type Variables = Readonly<Record<string, string | undefined>>;

/** @throws OperatorError when a file is not there */
export function readEnvironment(files: readonly string[], own: Variables): Environment {
  if (files.length > 0) {
    const read = files.map((file) => {
      if (!existsSync(file)) throw new OperatorError(`there is no file ${file}`);
      return parseEnv(readFileSync(file, "utf8"));
    });
    return { variables: Object.assign({}, ...read, own) as Variables, isLocal: false, from: files.join(", ") };
  }
  const named = DATABASE_URLS.filter((name) => own[name]);
  if (named.length > 0) return { variables: own, isLocal: false, from: `${named.join(", ")} in the shell` };
  if (!existsSync(paths.environment)) return { variables: own, isLocal: false, from: "the shell" };
  const local = [paths.environment, paths.databases].filter((file) => existsSync(file));
  const { MUSTER_URL: _url, MUSTER_ADMIN_URLS: _adminUrls, ...rest } = own;
  const variables = Object.assign({}, rest, ...local.map(ownVariables)) as Variables;
  return { variables, isLocal: true, from: `the local system in ${paths.home}` };
}

function ownVariables(file: string): Variables {
  try {
    return readOwnVariables(file);
  } catch (err) {
    throw new OperatorError((err as Error).message, { cause: err });
  }
}

/** @throws OperatorError that says how to give it */
export function variable(env: Environment, name: string): string {
  const value = env.variables[name];
  if (value) return value;
  const how = env.isLocal
    ? "start the local system once with scripts/up.sh"
    : "set it, or put it in a file: scripts/operator.sh --env-file FILE …";
  throw new OperatorError(`${name} is not set (looked in ${env.from}): ${how}`);
}

/** The base of each process's admin port, by name. */
export function adminUrls(env: Environment): ReadonlyMap<string, string> {
  const given = env.variables["MUSTER_ADMIN_URLS"];
  if (given) return new Map(Object.entries(JSON.parse(given) as Record<string, string>));
  const found = SERVICES.flatMap((row) => {
    const port = env.variables[adminPortVariable(row)];
    return port ? [[row.name, `http://127.0.0.1:${port}`] as const] : [];
  });
  if (found.length === 0) variable(env, "MUSTER_ADMIN_URLS");
  return new Map(found);
}

/** Of the ingress. */
export function publicUrl(env: Environment): string {
  const given = env.variables["MUSTER_URL"];
  if (given) return given;
  const port = env.variables["MUSTER_INGRESS_PORT"];
  return port ? `http://localhost:${port}` : variable(env, "MUSTER_URL");
}
