// The documents of contracts/ as pages: the same headings as on GitHub, and links to one another.
import path from "node:path";
import { Marked } from "marked";
import { escaped, Html } from "./html.ts";

/** Where each document of contracts/ is shown. What is not here is in the repository alone. */
export const PAGES_OF_FILES: Readonly<Record<string, string>> = {
  "realtime/STANDARD.md": "/docs/realtime/bytes",
  "realtime/STATE-MACHINE.md": "/docs/realtime/behaviour",
  "realtime/v1.proto": "/docs/realtime",
  "realtime/link/v1.proto": "/docs/realtime/link",
  "openapi/edge.v1.yaml": "/docs/rest",
  "events/envelope.v1.md": "/docs/events/envelope",
  "replays/file.v1.md": "/docs/replay-file",
  "services/ERRORS.md": "/docs/grpc/errors",
};

export function pageOfFile(file: string): string | undefined {
  const event = /^events\/([\w-]+)\.v\d+\.json$/.exec(file)?.[1];
  if (event) return `/docs/events#${event}`;
  const service = /^services\/(\w+)\/v\d+\.proto$/.exec(file)?.[1];
  if (service) return `/docs/grpc/${service}`;
  return Object.hasOwn(PAGES_OF_FILES, file) ? PAGES_OF_FILES[file] : undefined;
}

/** @param file of contracts/, for the links in it */
export function markdownPage(source: string, file: string): { title: string; body: Html } {
  const [first = "", ...rest] = source.split("\n");
  return { title: first.replace(/^# /, ""), body: markdownHtml(rest.join("\n"), file) };
}

export function markdownHtml(source: string, file: string): Html {
  const ids = new Set<string>();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const content = this.parser.parseInline(tokens);
        const id = anchorOf(content, ids);
        return `<h${depth} id="${id}"><a href="#${id}">${content.replaceAll(/<\/?a\b[^>]*>/g, "")}</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        const content = this.parser.parseInline(tokens);
        const to = linkFrom(file, href);
        return to === undefined ? content : `<a href="${escaped(to)}">${content}</a>`;
      },
      code: ({ text }) => `<pre tabindex="0">${escaped(text)}</pre>\n`,
      html: ({ text }) => escaped(text),
    },
  });
  let tables = 0;
  const wide = (): string => `<div class="wide" tabindex="0" role="region" aria-label="Table ${++tables}"><table>`;
  const body = (marked.parse(source) as string)
    .replaceAll("<table>", wide)
    .replaceAll("</table>", "</table></div>")
    .replaceAll("<th>", '<th scope="col">');
  return new Html(body);
}

/** Undefined: it leads to a file that only the repository has, and stays text. */
function linkFrom(file: string, href: string): string | undefined {
  if (/^[a-z]+:/.test(href) || href.startsWith("#")) return href;
  const [target = "", anchor] = href.split("#");
  const page = pageOfFile(path.posix.join(path.posix.dirname(file), target));
  if (page === undefined) return undefined;
  return anchor === undefined ? page : `${page}#${anchor}`;
}

/** As GitHub makes them. */
function anchorOf(content: string, taken: Set<string>): string {
  const plain = content.replaceAll(/<[^>]+>/g, "").replaceAll(/&(?:#\d+|\w+);/g, "");
  const base = plain
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
  let id = base;
  for (let n = 1; taken.has(id); n++) id = `${base}-${n}`;
  taken.add(id);
  return id;
}
