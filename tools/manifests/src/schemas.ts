// The API's own types (kubernetes-types) as JSON Schemas: an unknown field, a wrong type, a missing selector is refused
// here instead of by a cluster.
import { createRequire } from "node:module";
import path from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { createGenerator } from "ts-json-schema-generator";
import type { Manifest } from "./render.ts";

/** Where kubernetes-types has each API. */
const FILES: Readonly<Record<string, string>> = {
  "apps/v1": "apps/v1.d.ts",
  "batch/v1": "batch/v1.d.ts",
  "networking.k8s.io/v1": "networking/v1.d.ts",
  "policy/v1": "policy/v1.d.ts",
  v1: "core/v1.d.ts",
};

const require = createRequire(import.meta.url);
const folder = path.dirname(require.resolve("kubernetes-types/package.json"));
const ajv = new Ajv({ strict: false, allErrors: true });
const validators = new Map<string, ValidateFunction>();

/** @returns what is wrong with the manifest, by the API's schema. */
export function schemaProblems(manifest: Manifest): string[] {
  const { apiVersion, kind, metadata } = manifest;
  const validate = validatorOf(apiVersion, kind);
  if (!validate) return [`${kind} ${metadata.name}: no schema for ${apiVersion}`];
  if (validate(manifest)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${kind} ${metadata.name}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function validatorOf(apiVersion: string, kind: string): ValidateFunction | undefined {
  const key = `${apiVersion} ${kind}`;
  const known = validators.get(key);
  const file = FILES[apiVersion];
  if (known || !file) return known;
  const schema = createGenerator({ path: path.join(folder, file), type: kind, skipTypeCheck: true }).createSchema(kind);
  const validate = ajv.compile(schema as object);
  validators.set(key, validate);
  return validate;
}
