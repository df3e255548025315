// The page of events: a section for each schema of contracts/events.
import { heading, type Html, html, prose, table } from "./html.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly [rule: string]: unknown;
}

export interface EventSchema extends Schema {
  readonly $id: string;
}

/** Not what is said elsewhere in a row. */
const NO_RULES: ReadonlySet<string> = new Set(["type", "description", "properties", "required", "items", "title"]);

/** match.ended */
export function eventType({ $id }: EventSchema): string {
  return $id.split(":").at(-2) as string;
}

/** match-ended, as its file is named. */
export function eventAnchor(schema: EventSchema): string {
  return eventType(schema).replaceAll(/[._]/g, "-");
}

export function eventsHtml(schemas: readonly EventSchema[]): Html {
  return html`<p>What services tell one another, and whoever listens, over Kafka. Each is a record with
<a href="/docs/events/envelope">the envelope's headers</a>; the payload is JSON.</p>
${schemas.map((schema) => {
  const type = eventType(schema);
  return html`${heading(2, eventAnchor(schema), html`<code>${type}</code>`)}
<p>${prose(schema.description)}</p>
<p>Topic <code>${schema["x-topic"] as string}</code>, key <code>${schema["x-key"] as string}</code>, data classification
<code>${schema["x-data-classification"] as string}</code>, schema <code>${schema.$id}</code>.</p>
${table(`Properties of ${type}`, ["property", "type", "required", "meaning"], rowsOf(schema, ""))}
<details><summary>The schema of ${type}</summary><pre tabindex="0">${JSON.stringify(schema, null, 2)}</pre></details>`;
})}`;
}

/** Properties of properties are named with their way: participants[].playerId. */
function rowsOf({ properties = {}, required = [] }: Schema, prefix: string): (readonly (Html | string)[])[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const at = prefix + name;
    return [
      [
        html`<code>${at}</code>`,
        html`<code>${typeText(schema)}</code>`,
        required.includes(name) ? "yes" : "no",
        html`${prose(schema.description)}${rulesOf(schema)}`,
      ],
      ...rowsOf(schema, `${at}.`),
      ...(schema.items ? rowsOf(schema.items, `${at}[].`) : []),
    ];
  });
}

function typeText({ type, items, enum: values }: Schema): string {
  if (type === "array" && items) return `${typeText(items)}[]`;
  return (type === undefined ? (values ?? []).map((value) => JSON.stringify(value)) : [type].flat()).join(" | ");
}

function rulesOf(schema: Schema): Html {
  const rules = Object.entries(schema).filter(([name]) => !NO_RULES.has(name) && !name.startsWith("x-"));
  if (rules.length === 0) return html``;
  return html` <small class="rules">${rules.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ")}</small>`;
}
