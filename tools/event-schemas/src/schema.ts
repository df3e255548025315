// An event's schema: one file of contracts/events, and the rules that each of them keeps. No I/O.

export interface EventSchema {
  readonly $id: string;
  readonly title: string;
  readonly description: string;
  readonly "x-topic": string;
  readonly "x-key": string;
  readonly "x-data-classification": string;
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
  readonly examples: readonly object[];
}

export interface EventFile {
  /** `match-ended.v1.json` */
  readonly file: string;
  /** `match.ended` */
  readonly type: string;
  readonly version: number;
  readonly schema: EventSchema;
}

const FILE = /^([a-z]+(?:-[a-z]+)+)\.v([1-9]\d*)\.json$/;
const ID = /^urn:muster:event:([a-z]+\.[a-z]+(?:_[a-z]+)*):v([1-9]\d*)$/;
const TOPIC = /^muster\.[a-z]+(?:-[a-z]+)*\.v[1-9]\d*$/;
const CLASSIFICATIONS: readonly string[] = ["public", "internal", "personal"];

/** @throws Error that names the file and the rule */
export function parseEventFile(file: string, text: string): EventFile {
  const schema = JSON.parse(text) as EventSchema;
  const fail = (problem: string): never => {
    throw new Error(`contracts/events/${file}: ${problem}`);
  };
  const [, name, fileVersion] = FILE.exec(file) ?? fail("files are named <type with hyphens>.v<version>.json");
  const [, type = "", version] = ID.exec(schema.$id) ?? fail("$id is urn:muster:event:<type>:v<version>");
  if (type.replaceAll(/[._]/g, "-") !== name || version !== fileVersion) fail(`$id ${schema.$id} is another file's`);
  if (schema.title !== pascalCase(type)) fail(`title is ${pascalCase(type)}`);
  if (!TOPIC.test(schema["x-topic"])) fail("x-topic is muster.<aggregate>.v<version>");
  if (!schema.required.includes(schema["x-key"])) fail("x-key is a required property");
  if (!CLASSIFICATIONS.includes(schema["x-data-classification"]))
    fail(`x-data-classification is ${CLASSIFICATIONS.join(", ")}`);
  if (!Array.isArray(schema.examples) || schema.examples.length === 0) fail("examples has at least one");
  const closed = closedPlaces(schema);
  if (closed.length > 0) fail(`additionalProperties stays open, and is false at ${closed.join(", ")}`);
  return { file, type, version: Number(version), schema };
}

export function pascalCase(type: string): string {
  return type
    .split(/[._]/)
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join("");
}

/** Where a reader of today would refuse what a producer of tomorrow adds. */
function closedPlaces(value: unknown, path = "#"): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    ["additionalProperties", "unevaluatedProperties"].includes(key) && child === false
      ? [path]
      : closedPlaces(child, `${path}/${key}`),
  );
}
