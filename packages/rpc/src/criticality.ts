// The one place where a call's criticality is written into its headers, and the one where it is read.
import { type Criticality, currentCriticality, DEFAULT_CRITICALITY, parseCriticality } from "@muster/runtime";

const HEADER = "muster-criticality";

/** @param usual of a call that nobody's request has caused */
export function sendCriticality(header: Headers, usual: Criticality = DEFAULT_CRITICALITY): void {
  header.set(HEADER, currentCriticality() ?? usual);
}

export function readCriticality(headers: Readonly<Record<string, unknown>>): Criticality {
  return parseCriticality(headers[HEADER]);
}

export function saysCriticality(headers: Readonly<Record<string, unknown>>): boolean {
  return HEADER in headers;
}
