// The contract's format `date-time`: RFC 3339, restricted to times that this process can represent. A leap second
// ("23:59:60") is valid RFC 3339 but not a valid Date, and an offset can move a time out of the years that the database and
// Timestamp support.
import type { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Adds all formats; `date-time` in this sense. */
export function addContractFormats(ajv: Ajv2020): void {
  addFormats.default(ajv);
  const known = addFormats.default.get("date-time");
  const isRfc3339 = typeof known === "object" && "validate" in known ? known.validate : known;
  ajv.addFormat("date-time", {
    type: "string",
    validate: (text) => (isRfc3339 as (text: string) => boolean)(text) && isKept(Date.parse(text)),
  });
}

function isKept(time: number): boolean {
  return time >= Date.UTC(1000) && time < Date.UTC(10_000);
}
