import { parseConfig } from "@muster/config";
import { expect, it } from "vitest";
import { tracingConfig } from "./config.ts";

const read = (headers: string): unknown => parseConfig(tracingConfig, { OTEL_EXPORTER_OTLP_HEADERS: headers });

it.each(["api-key=abc==", "authorization=Basic%20dXNlcg==,x-scope=a%2Cb", "a=~!x,b=c"])(
  "headers for the collector are read: %s",
  (headers) => {
    expect(read(headers)).toMatchObject({ otelExporterOtlpHeaders: headers });
  },
);

it.each([
  ["a colon instead of the first =: Node's error would show the secret as a name", "api-key:hunter2=="],
  ["a name that is none", "schlüssel=hunter2"],
  ["a percent sign that stands for itself", "api-key=hunter2%"],
  ["bytes that are no UTF-8", "api-key=hunter2%ff"],
  ["a line break", "api-key=hunter2%0D%0Ax: y"],
])("headers are refused without being shown: %s", (_what, headers) => {
  expect(() => read(headers)).toThrow("OTEL_EXPORTER_OTLP_HEADERS=***");
});
