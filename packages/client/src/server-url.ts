// Checks the URL that the app passed, so that a mistake is reported immediately and not as a failed connection.
import { MusterError } from "./errors.ts";

/** @returns the URL of the ingress without a trailing slash. @throws MusterError bad_url */
export function serverUrl(given: string): string {
  const page = (globalThis as { location?: { href?: string } }).location?.href;
  let url: URL;
  try {
    url = new URL(given, page);
  } catch {
    throw new MusterError(
      "bad_url",
      `${JSON.stringify(given)} is not a URL: pass the ingress's, for example http://localhost:8080`,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new MusterError("bad_url", `the URL ${given} starts with ${url.protocol}, not with http: or https:`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new MusterError("bad_url", "the ingress URL must not contain a user, a password, a query or a fragment");
  return url.origin + url.pathname.replace(/\/+$/, "");
}
