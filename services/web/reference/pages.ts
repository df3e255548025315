// Every page of the API reference.
import type protobuf from "protobufjs";
import { contractFile, eventSchemas, grpcServices, type RestContract, restRoutes } from "./contracts.ts";
import { eventAnchor, eventsHtml, eventType } from "./events.ts";
import { heading, type Html, html, prose, type ReferencePage, table } from "./html.ts";
import { markdownHtml, markdownPage, PAGES_OF_FILES } from "./markdown.ts";
import { comment, introduction, messagesHtml, methodsOf, type ProtoFile, readProto, servicesHtml } from "./protos.ts";

export function referencePages(rest: RestContract): ReferencePage[] {
  return [overview(rest), restPage(rest), ...realtimePages(), ...eventPages(), ...grpcPages(), replayFile()];
}

interface Direction {
  readonly title: string;
  readonly about: string;
  /** The message of the file whose `oneof` lists the others. */
  readonly message: string;
}

const REALTIME: readonly Direction[] = [
  { title: "From the client", about: "requests", message: "ClientControl" },
  { title: "From the server", about: "answers, and what happens", message: "ServerControl" },
];
const LINK: readonly Direction[] = [
  { title: "From the gateway", about: "requests", message: "LinkRequest" },
  { title: "From the shard", about: "answers, and what happens", message: "LinkResponse" },
];

/** Everything there is, by its name: what is looked for here is found. */
function overview(rest: RestContract): ReferencePage {
  const realtime = readProto(contractFile("realtime/v1.proto"));
  const body = html`<p>How programs talk to this Muster server, and its processes to one another. Made from the files in
<code>contracts/</code>, which the processes check requests and answers against.</p>
<p>Games in TypeScript use the SDK, which has all of this with types. Clients in other languages need <a href="/docs/rest">REST</a>
and the <a href="/docs/realtime">realtime protocol</a>; what listens to <a href="/docs/events">events</a> needs Kafka;
<a href="/docs/grpc">gRPC</a> is inside the installation only.</p>
${heading(2, "rest", "REST")}
${rest.tags.map(
  ({ name, description }) => html`${heading(3, `rest-${name}`, name)}<p>${prose(description)}</p>
${table(
  `Routes of ${name}`,
  ["route", "does"],
  restRoutes(rest)
    .filter(({ tags }) => tags[0] === name)
    .map((route) => [
      html`<span class="verb">${route.method}</span> <a href="${route.href}"><code>${route.path}</code></a>`,
      route.summary,
    ]),
)}`,
)}
${heading(2, "realtime", "Realtime")}
<p>A WebSocket at <code>/v1/realtime</code>: <a href="/docs/realtime/behaviour">who may send what, and when</a>;
<a href="/docs/realtime/bytes">the bytes</a>.</p>
${REALTIME.map(({ title, message }) => html`${heading(3, `realtime-${message}`, title)}${messageTable(realtime, message, "/docs/realtime")}`)}
${heading(2, "events", "Events")}
${table(
  "Events",
  ["event", "says"],
  eventSchemas().map((schema) => [
    html`<a href="/docs/events#${eventAnchor(schema)}"><code>${eventType(schema)}</code></a>`,
    prose(schema.description),
  ]),
)}
${heading(2, "grpc", "gRPC")}
${grpcServices().map(
  ([name, , file]) => html`${heading(3, `grpc-${name}`, html`${name}`)}
<ul class="contents">${methodsOf(file).map(
    (method) => html`<li><a href="/docs/grpc/${name}#${method.id}"><code>${method.name}</code></a></li>`,
  )}</ul>`,
)}`;
  return { path: "/docs", title: "API reference", about: "REST, realtime, events and gRPC of a Muster server.", body };
}

/** Swagger UI fills it in; what the contract says of all routes is there without it. */
function restPage(rest: RestContract): ReferencePage {
  return {
    path: "/docs/rest",
    title: "REST",
    about: "Every route of the REST API, from its OpenAPI document.",
    viewer: true,
    body: html`${markdownHtml(rest.info.description, "openapi/edge.v1.yaml")}
<p>The OpenAPI document that the server checks every request against: <a href="/v1/openapi.yaml">/v1/openapi.yaml</a>. The bytes on the
WebSocket: <a href="${PAGES_OF_FILES["realtime/STANDARD.md"]}">the realtime protocol</a>.</p>
<div id="rest" class="rest"></div>
<noscript><p>The viewer needs JavaScript. <a href="/docs#rest">All routes</a> are listed without.</p></noscript>`,
  };
}

function realtimePages(): ReferencePage[] {
  return [
    protocolPage("realtime/v1.proto", "Realtime messages", REALTIME, [
      html`<a href="/docs/realtime/behaviour">Behaviour</a>: who may send what in which state, and what it is answered.`,
      html`<a href="/docs/realtime/bytes">Bytes</a>: frames, inputs, snapshots, hashes.`,
      html`<a href="/docs/realtime/link">The link</a> between a gateway and a shard, which clients never see.`,
      html`<a href="/docs/replay-file">The file of a replay</a>.`,
    ]),
    ofMarkdown("realtime/STATE-MACHINE.md"),
    ofMarkdown("realtime/STANDARD.md"),
    protocolPage("realtime/link/v1.proto", "Messages of the link", LINK, [
      html`<a href="/docs/realtime/bytes">Bytes</a>: also those of the link.`,
    ]),
  ];
}

function protocolPage(name: string, title: string, directions: readonly Direction[], more: Html[]): ReferencePage {
  const source = contractFile(name);
  const file = readProto(source);
  const path = PAGES_OF_FILES[name] as string;
  const body = html`<p>${prose(introduction(source))}</p>
<ul>${more.map((one) => html`<li>${one}</li>`)}</ul>
${directions.map(
  (
    one,
  ) => html`${heading(2, `table-${one.message}`, one.title)}<p>${one.about} in <a href="#${one.message}"><code>${one.message}</code></a>.</p>
${messageTable(file, one.message, "")}`,
)}
${heading(2, "messages", "Messages")}
${messagesHtml(file)}`;
  return { path, title, about: `${title}, from contracts/${name}.`, body };
}

function messageTable({ messages }: ProtoFile, name: string, page: string): Html {
  const envelope = messages.find((message) => message.name === name) as protobuf.Type;
  return table(
    `Messages in ${name}`,
    ["message", "number", "meaning"],
    envelope.fieldsArray
      .filter(({ partOf }) => partOf)
      .map((field) => [
        html`<a href="${page}#${field.type}"><code>${field.type}</code></a>`,
        field.id,
        prose(comment(field.comment)),
      ]),
  );
}

function eventPages(): ReferencePage[] {
  return [
    {
      path: "/docs/events",
      title: "Events",
      about: "Every event that a Muster server publishes to Kafka, from its JSON Schema.",
      body: eventsHtml(eventSchemas()),
    },
    ofMarkdown("events/envelope.v1.md"),
  ];
}

function grpcPages(): ReferencePage[] {
  const services = grpcServices();
  const all: ReferencePage = {
    path: "/docs/grpc",
    title: "gRPC",
    about: "The services inside a Muster installation, from their .proto files.",
    body: html`<p>Between the processes of an installation; no client can reach these ports, which trust whoever calls. Every method may also
fail with one of <a href="/docs/grpc/errors">the codes that all services share</a>.</p>
${services.map(
  ([name, source, file]) => html`${heading(2, name, html`${name}`)}
<p>${prose(introduction(source))} <a href="/docs/grpc/${name}">Methods and messages of ${name}</a></p>
${table(
  `Methods of ${name}`,
  ["method", "does"],
  methodsOf(file).map(({ id, name: method, about }) => [
    html`<a href="/docs/grpc/${name}#${id}"><code>${method}</code></a>`,
    prose(about),
  ]),
)}`,
)}`,
  };
  const each = services.map(
    ([name, source, file]): ReferencePage => ({
      path: `/docs/grpc/${name}`,
      title: `gRPC: ${file.name}`,
      about: `Methods and messages of ${file.name}.`,
      body: html`<p>${prose(introduction(source))} What every method may answer besides: <a href="/docs/grpc/errors">errors</a>.</p>
${servicesHtml(file)}
${heading(2, "messages", "Messages")}
${messagesHtml(file)}`,
    }),
  );
  return [all, ...each, ofMarkdown("services/ERRORS.md")];
}

function replayFile(): ReferencePage {
  return ofMarkdown("replays/file.v1.md");
}

function ofMarkdown(file: string): ReferencePage {
  const { title, body } = markdownPage(contractFile(file), file);
  return { path: PAGES_OF_FILES[file] as string, title, about: `${title}, from contracts/${file}.`, body };
}
