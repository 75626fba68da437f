// Renders the common parts of all pages: head, masthead, breaking strip, footer.
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Assets } from "./assets.ts";
import { sections, sectionTitle } from "./newsroom.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface Frame {
  readonly assets: Assets;
  /**
   * The time at which the origin finished this page, and the duration. In a browser, an old stamp
   * shows a hit.
   */
  readonly made: { readonly atMs: number; readonly tookMs: number };
}

export async function framePage(
  frame: Frame,
  page: { title: string; description?: string; content: Html },
): Promise<string> {
  const { assets } = frame;
  const text = await html`<!doctype html>
    <html lang="en-GB">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${page.title} · The Skerrow Post</title>
        ${page.description && html`<meta name="description" content="${page.description}" />`}
        <link rel="icon" href="${assets.logoPath}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.stylesheetPath}" />
        <link rel="alternate" href="/rss.xml" type="application/rss+xml" title="Skerrow Post" />
        <script src="${assets.scriptPath}" defer></script>
      </head>
      <body>
        ${masthead(assets)}
        <aside class="breaking" aria-label="Breaking news">
          <div class="wrap" data-breaking>
            <p><strong>Breaking</strong> <a href="/breaking">Read the latest line</a></p>
          </div>
        </aside>
        <main class="wrap">${page.content}</main>
        ${footer(frame)}
      </body>
    </html> `;
  return text.toString();
}

function masthead(assets: Assets): Html {
  // The links are the same for all readers, because a page that names its reader cannot be shared.
  return html`<header class="masthead">
    <div class="wrap">
      <a class="brand" href="/"
        ><img src="${assets.logoPath}" alt="" width="40" height="40" />The Skerrow Post</a
      >
      <nav class="sections" aria-label="Sections">
        ${sections.map(
          (section) => html`<a href="/sections/${section}">${sectionTitle[section]}</a> `,
        )}
        <a href="/feed">Latest</a> <a href="/search">Search</a> <a href="/me">My feed</a>
        <a href="/log-in">Log in</a>
      </nav>
    </div>
  </header>`;
}

function footer({ made }: Frame): Html {
  const clock = new Date(made.atMs).toISOString().slice(11, 23);
  return html`<footer>
    <div class="wrap">
      <p>The Skerrow Post is invented, and so is the island. <a href="/rss.xml">RSS</a></p>
      <p data-tier hidden><a href="/_cache/#explain">Explain</a></p>
      <p class="made">made by the origin at ${clock} UTC, in ${Math.round(made.tookMs)} ms</p>
    </div>
  </footer>`;
}

/** Removes the stamp, so that pages that differ only in the stamp have the same entity tag. */
export const withoutStamp = (text: string): string =>
  text.replace(/<p class="made">[^<]*<\/p>/, "");

const dayFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});

export function timeElement(atMs: number): Html {
  const instant = new Date(atMs);
  return html`<time datetime="${instant.toISOString()}">${dayFormat.format(instant)}</time>`;
}
