// The url that the app gave: what is wrong with it is said at once, and not by a connection that never comes.
import { MusterError } from "./errors.ts";

/** @returns the url of the ingress, without a slash at the end. @throws MusterError bad_url */
export function serverUrl(given: string): string {
  const page = (globalThis as { location?: { href?: string } }).location?.href;
  let url: URL;
  try {
    url = new URL(given, page);
  } catch {
    throw new MusterError(
      "bad_url",
      `${JSON.stringify(given)} is no url: it is the ingress's, like http://localhost:8080`,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new MusterError("bad_url", `the url ${given} begins with ${url.protocol}, not with http: or https:`);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new MusterError("bad_url", "the url of the ingress has no user, no password, no ? and no #");
  return url.origin + url.pathname.replace(/\/+$/, "");
}
