// What the reference shows, read from contracts/.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { EventSchema } from "./events.ts";
import { type ProtoFile, readProto } from "./protos.ts";

const CONTRACTS = path.join(import.meta.dirname, "../../../contracts");

export function contractFile(name: string): string {
  return readFileSync(path.join(CONTRACTS, name), "utf8");
}

export interface RestContract {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, RestOperation>>>>;
}

export interface RestOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  /** Codes of its own. */
  readonly "x-errors"?: readonly string[];
}

/** With each operation's codes in its description: Swagger UI shows no extensions. */
export function restContract(): RestContract {
  const contract = parse(contractFile("openapi/edge.v1.yaml")) as RestContract;
  const paths = Object.entries(contract.paths).map(([at, methods]) => [
    at,
    Object.fromEntries(Object.entries(methods).map(([method, operation]) => [method, withCodes(operation)])),
  ]);
  return { ...contract, paths: Object.fromEntries(paths) as RestContract["paths"] };
}

function withCodes(operation: RestOperation): RestOperation {
  const { description = "", "x-errors": codes = [] } = operation;
  if (codes.length === 0) return operation;
  const errors = `Errors: ${codes.map((code) => `\`${code}\``).join(", ")}.`;
  return { ...operation, description: `${description}\n\n${errors}`.trim() };
}

export interface RestRoute extends RestOperation {
  readonly method: string;
  readonly path: string;
  /** Where Swagger UI has it. */
  readonly href: string;
}

const METHODS: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "patch"]);

export function restRoutes({ paths }: RestContract): RestRoute[] {
  return Object.entries(paths).flatMap(([at, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHODS.has(method))
      .map(([method, operation]) => ({
        ...operation,
        method: method.toUpperCase(),
        path: at,
        href: `/docs/rest#/${operation.tags[0]}/${operation.operationId}`,
      })),
  );
}

export function eventSchemas(): EventSchema[] {
  const files = readdirSync(path.join(CONTRACTS, "events")).filter((name) => name.endsWith(".json"));
  return files.toSorted().map((name) => JSON.parse(contractFile(`events/${name}`)) as EventSchema);
}

/** By the names of their folders: identity, match. */
export function grpcServices(): [name: string, source: string, file: ProtoFile][] {
  const folders = readdirSync(path.join(CONTRACTS, "services"), { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  return folders
    .map(({ name }) => name)
    .toSorted()
    .map((name) => {
      const source = contractFile(`services/${name}/v2.proto`);
      return [name, source, readProto(source)];
    });
}
