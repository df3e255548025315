import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { addContractFormats } from "./date-time.ts";

it.each([
  ["2026-11-26T12:00:00Z", true],
  ["2026-11-26T12:00:00.123456Z", true],
  ["2026-11-26t12:00:00+01:00", true],
  ["2024-02-29T00:00:00Z", true],
  ["2016-12-31T23:59:60Z", false], // RFC 3339, and no Date
  ["2026-02-29T00:00:00Z", false],
  ["2028-12-31T23:59:60Z", false],
  ["2028-12-31T23:59:60.5+01:00", false],
  ["9999-12-31T23:59:59Z", true],
  ["9999-12-31T23:59:59-00:01", false], // the year 10000
  ["0000-01-01T00:00:00Z", false],
  ["0001-01-01T00:00:00+01:00", false], // the year 0
  ["2026-11-26T12:00:00+24:00", false],
  ["2026-11-26T12:00:00-23:59", true],
  ["+012026-11-26T12:00:00Z", false],
  ["2026-11-26T24:00:00Z", false],
  ["2026-11-26T12:00:00", false],
  ["2026-11-26 12:00", false],
  ["tomorrow", false],
])("what passes as a time is one: %s", (text, passes) => {
  const ajv = new Ajv2020();
  addContractFormats(ajv);
  expect(ajv.validate({ type: "string", format: "date-time" }, text)).toBe(passes);
  if (passes) expect(new Date(text).getTime()).toBeGreaterThan(0);
});
