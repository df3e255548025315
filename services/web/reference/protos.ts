// Pages of .proto files: services with their methods, messages with their fields; everything with its comment.
import protobuf from "protobufjs";
import { heading, type Html, html, prose, table } from "./html.ts";

const OPTION = "(buf.validate.field)";

export interface ProtoFile {
  readonly name: string;
  readonly services: readonly protobuf.Service[];
  readonly messages: readonly protobuf.Type[];
  readonly enums: readonly protobuf.Enum[];
}

export function readProto(source: string): ProtoFile {
  const { root, package: name = "" } = protobuf.parse(source, { keepCase: true, alternateCommentMode: true });
  const here = (root.lookup(name) as protobuf.Namespace).nestedArray;
  return {
    name,
    services: here.filter((one) => one instanceof protobuf.Service),
    messages: here.filter((one) => one instanceof protobuf.Type),
    enums: here.filter((one) => one instanceof protobuf.Enum),
  };
}

/** The comment in front of the syntax: what the file is for. Its first paragraph after the licence, of `//` lines. */
export function introduction(source: string): string {
  const lines = source.split("\n");
  const from = lines.findIndex((line) => line.startsWith("//"));
  const to = lines.findIndex((line, i) => i > from && !line.startsWith("//"));
  return joined(lines.slice(from, to).map((line) => line.replace(/^\/\/ ?/, "")));
}

/** Comments are wrapped by hand; a page wraps them by itself. */
function joined(lines: readonly string[]): string {
  return lines.join(" ").trim();
}

export function comment(text: string | null): string {
  return joined((text ?? "").split("\n"));
}

export interface Method {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly errors: string;
}

export function methodsOf({ services }: ProtoFile): Method[] {
  return services.flatMap((service) =>
    service.methodsArray.map((method) => {
      const [about = "", errors = ""] = comment(method.comment).split(/ ?Errors: /);
      return { id: `${service.name}.${method.name}`, name: method.name, about, errors };
    }),
  );
}

export function servicesHtml(file: ProtoFile): Html {
  return html`${file.services.map((service) => {
    const methods = methodsOf({ ...file, services: [service] });
    return html`${heading(2, service.name, service.name)}<p>${prose(comment(service.comment))}</p>
${methods.map(({ id, name, about, errors }) => {
  const { requestType, responseType, requestStream, responseStream } = service.methods[name] as protobuf.Method;
  return html`${heading(3, id, html`<code>${name}</code>`)}
<p class="signature"><code>${requestStream && "stream "}${typeLink(requestType, file)} → ${responseStream && "stream "}${typeLink(responseType, file)}</code></p>
<p>${prose(about)}</p>
${errors !== "" && html`<p><strong>Errors:</strong> ${prose(errors)}</p>`}`;
})}`;
  })}`;
}

export function messagesHtml(file: ProtoFile): Html {
  return html`${file.messages.map(
    (message) => html`${heading(3, message.name, html`<code>${message.name}</code>`)}
<p>${prose(comment(message.comment))}</p>
${fieldsTable(message, file)}`,
  )}
${file.enums.map(
  (one) => html`${heading(3, one.name, html`<code>${one.name}</code>`)}
<p>${prose(comment(one.comment))}</p>
${table(
  one.name,
  ["value", "number", "meaning"],
  Object.entries(one.values).map(([name, number]) => [
    html`<code>${name}</code>`,
    number,
    prose(comment(one.comments[name] ?? "")),
  ]),
)}`,
)}`;
}

function fieldsTable(message: protobuf.Type, file: ProtoFile): Html {
  return table(
    `Fields of ${message.name}`,
    ["field", "type", "number", "meaning"],
    message.fieldsArray.map((field) => [
      html`<code>${field.name}</code>${field.partOf ? html` <small>of ${field.partOf.name}</small>` : undefined}`,
      html`<code>${field.repeated && "repeated "}${
        field instanceof protobuf.MapField
          ? html`map&lt;${field.keyType}, ${typeLink(field.type, file)}&gt;`
          : typeLink(field.type, file)
      }</code>`,
      field.id,
      html`${prose(comment(field.comment))}${rulesOf(field)}`,
    ]),
  );
}

function typeLink(type: string, { messages, enums }: ProtoFile): Html {
  const known = [...messages, ...enums].some(({ name }) => name === type);
  return known ? html`<a href="#${type}">${type}</a>` : html`${type}`;
}

/** What the server refuses otherwise. */
function rulesOf(field: protobuf.Field): Html {
  const rules = ((field.parsedOptions ?? []) as Record<string, unknown>[]).flatMap((option) =>
    option[OPTION] === undefined ? [] : [ruleText(option[OPTION])],
  );
  return rules.length === 0 ? html`` : html` <small class="rules">${rules.join(", ")}</small>`;
}

function ruleText(value: unknown): string {
  if (Array.isArray(value)) return value.map(ruleText).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => (typeof inner === "object" ? `${name} ${ruleText(inner)}` : `${name}: ${inner}`))
    .join(", ");
}
