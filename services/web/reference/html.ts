// A page of the API reference: what all of them have in common, and how text becomes HTML.

/** HTML as it is; whatever is not one is text, and escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | undefined | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((text, i) => text + (i < parts.length ? textOf(parts[i]) : "")).join(""));
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return escaped(String(part));
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A comment of a contract: `code` in it, and paragraphs. */
export function prose(text: string | null | undefined): Html {
  return new Html(escaped(text ?? "").replaceAll(/`([^`]+)`/g, "<code>$1</code>"));
}

export function table(label: string, head: readonly string[], rows: readonly (readonly Part[])[]): Html {
  if (rows.length === 0) return html``;
  return html`<div class="wide" tabindex="0" role="region" aria-label="${label}"><table>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

/** A heading that can be linked to. */
export function heading(level: 2 | 3 | 4, id: string, title: Part): Html {
  const tag = new Html(`h${level}`);
  return html`<${tag} id="${id}"><a href="#${id}">${title}</a></${tag}>`;
}

export interface ReferencePage {
  /** From the root of the site, as in links: /docs/events. */
  readonly path: string;
  readonly title: string;
  /** One sentence. */
  readonly about: string;
  readonly body: Html;
  /** It shows the REST contract with Swagger UI. */
  readonly viewer?: true;
}

/** Addresses of what a page loads. */
export interface PageAssets {
  /** Runs before anything is drawn. */
  readonly theme: string;
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
}

/** Pages in the row at the top, with their short names. */
export const NAV: Readonly<Record<string, string>> = {
  "/docs": "Overview",
  "/docs/rest": "REST",
  "/docs/realtime": "Realtime",
  "/docs/events": "Events",
  "/docs/grpc": "gRPC",
};

export function document({ path, title, about, body }: ReferencePage, { theme, scripts, styles }: PageAssets): string {
  const section = Object.keys(NAV).findLast((at) => at === path || (at !== "/docs" && path.startsWith(`${at}/`)));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${about}">
<link rel="icon" href="/page/favicon.svg" type="image/svg+xml">
<title>${title} · Muster</title>
<script src="${theme}"></script>
${styles.map((at) => html`<link rel="stylesheet" href="${at}">`)}
${scripts.map((at) => html`<script src="${at}" defer></script>`)}
</head>
<body>
<div class="shell">
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="brand" href="/"><img src="/page/favicon.svg" alt="" width="28" height="28">Muster</a>
<nav class="nav" aria-label="API reference">${Object.entries(NAV).map(
    ([at, name]) => html`<a href="${at}"${at === section && html` aria-current="page"`}>${name}</a>`,
  )}</nav>
</header>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${body}
</main>
</div>
</body>
</html>
`.text;
}
