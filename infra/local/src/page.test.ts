// Whether the ingress has a page at all.
import { expect, it } from "vitest";
import { pageFor } from "./page.ts";

it("leaves the pages of a v1.5 behind edge-api to the players, and says so", async () => {
  const said: string[] = [];
  const say = (text: string): number => said.push(text);
  const build = (): Promise<string> => Promise.resolve("/built");
  expect(await pageFor("http://127.0.0.1:9", say, build)).toBeUndefined();
  expect(said.join()).toContain("EDGE_LEGACY_URL");
  for (const none of [undefined, "", "none"]) expect(await pageFor(none, say, build)).toBe("/built");
});

it("goes without a page that does not compile, and says why", async () => {
  const said: string[] = [];
  const page = await pageFor(
    undefined,
    (text) => said.push(text),
    () => Promise.reject(new Error("no such module")),
  );
  expect([page, said]).toEqual([undefined, ["there is no page: no such module"]]);
});
