// That the API reference has everything that contracts/ has, and that each of its links leads somewhere.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { referenceFiles } from "./build.ts";
import { markdownHtml } from "./markdown.ts";
import { restContract } from "./contracts.ts";

const CONTRACTS = path.join(import.meta.dirname, "../../../contracts");
/** Not of the reference, but of the same origin. */
const OTHER_PATHS = new Set(["/", "/v1/openapi.yaml", "/page/favicon.svg"]);
const FILES = referenceFiles();
const PAGES = new Map(
  [...FILES].filter(([name]) => name.endsWith(".html")).map(([name, text]) => [`/${name.slice(0, -5)}`, text]),
);

const page = (at: string): string => PAGES.get(at) ?? "";
const contract = (name: string): string => readFileSync(path.join(CONTRACTS, name), "utf8");
const idsOf = (text: string): string[] => [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id as string);
const namesIn = (source: string, pattern: RegExp): string[] =>
  [...source.matchAll(pattern)].map(([, name]) => name as string);
/** By tag and operationId, as Swagger UI makes its anchors. */
const OPERATIONS = namesIn(contract("openapi/edge.v1.yaml"), /^ {6}operationId: (\w+)\n/gm);

/** What a page links to and is not there. */
function deadLinks(at: string, text: string): string[] {
  return [...text.matchAll(/ (?:href|src)="([^"]+)"/g)]
    .map(([, href]) => href as string)
    .filter((href) => !/^https?:/.test(href))
    .filter((href) => {
      const [target, anchor] = href.split("#");
      if (FILES.has((target as string).slice(1)) || OTHER_PATHS.has(target as string)) return false;
      const linked = target === "" ? text : PAGES.get(target as string);
      if (linked === undefined) return true;
      if (target === "/docs/rest" && anchor) return !OPERATIONS.includes(anchor.split("/")[2] as string);
      return anchor !== undefined && !idsOf(linked).includes(decodeURI(anchor));
    })
    .map((href) => `${at}: ${href}`);
}

it("has no dead link, and no anchor twice", () => {
  expect(PAGES.size).toBeGreaterThan(15);
  for (const [at, text] of PAGES) {
    expect(deadLinks(at, text)).toEqual([]);
    const ids = idsOf(text);
    expect(
      ids.filter((id, i) => ids.indexOf(id) !== i),
      at,
    ).toEqual([]);
  }
  const dead = ["/docs/none", "#none", "/docs/rest#/system/none", "/docs/grpc/identity#none"];
  expect(deadLinks("x", dead.map((href) => `<a href="${href}">`).join())).toHaveLength(dead.length);
});

it("leads to every page from the pages at the top", () => {
  const reached = new Set(["/docs"]);
  for (const at of reached) for (const [, to] of page(at).matchAll(/ href="(\/docs[^"#]*)/g)) reached.add(to as string);
  expect([...PAGES.keys()].filter((at) => !reached.has(at))).toEqual([]);
});

it("lists every route of the REST contract", () => {
  expect(OPERATIONS.length).toBeGreaterThan(50);
  for (const id of OPERATIONS) expect(page("/docs"), id).toMatch(new RegExp(`href="/docs/rest#/\\w+/${id}"`));
});

it("says of every route of the REST contract which codes it may answer", () => {
  const operations = Object.values(restContract().paths).flatMap((methods) => Object.values(methods));
  const withCodes = operations.filter(({ "x-errors": codes }) => codes !== undefined);
  expect(withCodes.length).toBeGreaterThan(50);
  for (const { operationId, description, "x-errors": codes = [] } of withCodes)
    for (const code of codes) expect(description?.split("\n").at(-1), operationId).toContain(`\`${code}\``);
});

it("describes every method, message, enumeration and field of every service", () => {
  const services = readdirSync(path.join(CONTRACTS, "services"), { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  );
  expect(services.length).toBeGreaterThan(5);
  for (const { name } of services) {
    const source = contract(`services/${name}/v2.proto`);
    const text = page(`/docs/grpc/${name}`);
    const methods = namesIn(source, /^ {2}rpc (\w+)\(/gm);
    for (const method of methods) {
      expect(text).toContain(`Service.${method}"><code>${method}</code>`);
      for (const list of ["/docs", "/docs/grpc"])
        expect(page(list), method).toMatch(new RegExp(`/docs/grpc/${name}#\\w+\\.${method}"`));
    }
    expect(text.match(/class="signature"/g)).toHaveLength(methods.length);
    expectMessages(text, source);
    for (const code of namesIn(source, /Errors: (\w+)/g)) expect(text, code).toContain(`</strong> ${code}`);
  }
});

it("describes every message of the realtime protocol and of the link, with its fields", () => {
  for (const [at, name] of [
    ["/docs/realtime", "realtime/v1.proto"],
    ["/docs/realtime/link", "realtime/link/v1.proto"],
  ] as const) {
    const source = contract(name);
    expectMessages(page(at), source);
    const inTable = namesIn(source, /^ {4}(\w+) \w+ = \d+;/gm);
    expect(inTable.length).toBeGreaterThan(10);
    for (const message of inTable) expect(page(at), message).toMatch(new RegExp(`<td><a href="#${message}">`));
  }
});

it("describes every event with every property", () => {
  const files = readdirSync(path.join(CONTRACTS, "events")).filter((name) => name.endsWith(".json"));
  expect(files.length).toBeGreaterThan(8);
  for (const file of files) {
    const anchor = file.replace(/\.v\d+\.json$/, "");
    const section =
      page("/docs/events")
        .split("<h2 ")
        .find((part) => part.startsWith(`id="${anchor}"`)) ?? "";
    const rows = section.slice(0, section.indexOf("<details>"));
    for (const property of propertiesOf(JSON.parse(contract(`events/${file}`)) as Schema))
      expect(rows, `${file}: ${property}`).toMatch(new RegExp(`<td><code>([\\w.[\\]]+[.])?${property}</code></td>`));
    expect(page("/docs")).toContain(`href="/docs/events#${anchor}"`);
  }
});

it("shows texts of contracts as text, whatever is in them", () => {
  const { text } = markdownHtml(
    "# A <b>\n\n<script>x</script>\n\n`<i>` [a](v1.proto) [b](../../design/overview.md)",
    "realtime/x.md",
  );
  expect(text).not.toMatch(/<(script|i|b)>/);
  expect(text).toContain('<a href="/docs/realtime">a</a> b');
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

function propertiesOf({ properties = {}, items }: Schema): string[] {
  const inner = [...Object.values(properties), ...(items ? [items] : [])].flatMap(propertiesOf);
  return [...Object.keys(properties), ...inner];
}

function expectMessages(text: string, source: string): void {
  for (const [, kind, name, body] of source.matchAll(/^(message|enum) (\w+) \{(?:\}|([\s\S]*?)\n\})/gm)) {
    const from = text.indexOf(`<h3 id="${name}"`);
    expect(from, `${kind} ${name}`).toBeGreaterThan(0);
    const to = text.indexOf("<h3 ", from + 4);
    const section = text.slice(from, to === -1 ? undefined : to);
    for (const [, field] of (body ?? "").matchAll(/^ +(?!option|reserved)(?:[\w.<>, ]+ )?(\w+) = \d+/gm))
      expect(section, `${name}.${field}`).toContain(`<td><code>${field}</code>`);
  }
}
