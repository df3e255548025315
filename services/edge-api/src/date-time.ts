// The format `date-time` of the contract: what RFC 3339 allows, and what is a time to this process too. A leap second
// ("23:59:60") is RFC 3339, and no Date; an offset may lead out of the years that a database and a Timestamp know.
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
