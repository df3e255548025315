// An OpenTelemetry collector for tests: it accepts OTLP over HTTP as Protobuf. It uses the published field numbers and none
// of the sender's code (https://github.com/open-telemetry/opentelemetry-proto, trace/v1/trace.proto).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: the first of its trace. */
  readonly parentSpanId: string;
  readonly linkedTraceIds: readonly string[];
  readonly failed: boolean;
}

export interface OtlpCollector extends AsyncDisposable {
  readonly url: string;
  readonly spans: CollectedSpan[];
}

export async function startOtlpCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const isExport = request.method === "POST" && request.url === "/v1/traces";
      const isProtobuf = request.headers["content-type"] === "application/x-protobuf";
      if (!isExport || !isProtobuf) return void response.writeHead(400).end();
      spans.push(...spansIn(Buffer.concat(chunks)));
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Of an ExportTraceServiceRequest. */
function spansIn(body: Uint8Array): CollectedSpan[] {
  return fieldsOf(body)
    .all(1)
    .flatMap((resourceSpans) => {
      const { one, all } = fieldsOf(resourceSpans);
      const attributes = fieldsOf(one(1)).all(1).map(fieldsOf);
      const service = attributes.find((attribute) => text(attribute.one(1)) === "service.name");
      const name = service ? text(fieldsOf(service.one(2)).one(1)) : "";
      return all(2).flatMap((scopeSpans) =>
        fieldsOf(scopeSpans)
          .all(2)
          .map((span) => spanOf(fieldsOf(span), name)),
      );
    });
}

function spanOf({ one, all, number }: MessageFields, service: string): CollectedSpan {
  return {
    service,
    name: text(one(5)),
    kind: number(6),
    traceId: hex(one(1)),
    spanId: hex(one(2)),
    parentSpanId: hex(one(4)),
    linkedTraceIds: all(13).map((link) => hex(fieldsOf(link).one(1))),
    failed: fieldsOf(one(15)).number(3) === 2,
  };
}

interface MessageFields {
  all(field: number): Uint8Array[];
  one(field: number): Uint8Array;
  number(field: number): number;
}

function fieldsOf(message: Uint8Array): MessageFields {
  const values = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const known = values.get(field) ?? values.set(field, []).get(field);
    if (type === WireType.LengthDelimited) known?.push(reader.bytes());
    else if (type === WireType.Varint) known?.push(Number(reader.uint64()));
    else reader.skip(type);
  }
  const all = (field: number): Uint8Array[] => (values.get(field) ?? []).filter((value) => typeof value !== "number");
  return {
    all,
    one: (field) => all(field)[0] ?? new Uint8Array(),
    number: (field) => (values.get(field) ?? []).find((value) => typeof value === "number") ?? 0,
  };
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
