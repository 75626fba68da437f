// The HTML of the pages. `html` escapes the inserted values.
import { html, raw } from "hono/html";
import type { Article } from "./articles.ts";
import type { Section } from "./catalogue.ts";
import type { Card } from "./feed.ts";
import type { Settings } from "./settings.ts";

export type Html = ReturnType<typeof html>;

export interface Frame {
  readonly settings: Settings;
  readonly sections: readonly Section[];
}

export const page = ({ settings, sections }: Frame, title: string, main: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title} · ${settings.name}</title>
        <link rel="stylesheet" href="/site.css" />
      </head>
      <body>
        <header>
          <p class="name"><a href="/">${settings.name}</a></p>
          <p class="motto">${settings.motto}</p>
          <nav>
            ${sections.map(({ id, title: name }) => html`<a href="/sections/${id}">${name}</a> `)}
            <a href="/most-read">Most read</a> <a href="/breaking">Breaking</a>
            <a href="/me">Yours</a> <a href="/editor">Editor</a>
          </nav>
        </header>
        <main>${main}</main>
        <footer>Made at ${new Date().toISOString()}</footer>
      </body>
    </html>`;

export const cards = (articles: readonly Card[]): Html =>
  html`<div class="cards">
    ${articles.map(
      ({ slug, title, lede, section }) =>
        html`<article>
          <p class="section">${section}</p>
          <h2><a href="/news/${slug}">${title}</a></h2>
          <p>${lede}</p>
        </article>`,
    )}
  </div>`;

export const articleMain = (article: Article): Html =>
  html`<article class="story">
      <p class="section">${article.section}</p>
      <h1>${article.title}</h1>
      <p class="lede">${article.lede}</p>
      <p class="by">
        By ${article.author}, ${new Date(article.publishedAtMs).toUTCString()} · views:
        <span id="views">…</span>
      </p>
      ${article.body.split("\n\n").map(block)}
    </article>
    ${viewScript(article.slug)}`;

function block(text: string): Html {
  if (text.startsWith("## ")) return html`<h2>${text.slice(3)}</h2>`;
  if (text.startsWith("> ")) return html`<blockquote>${text.slice(2)}</blockquote>`;
  return html`<p>${text}</p>`;
}

/**
 * Returns a script that reports a view and shows the number of views. The stored page is the same
 * for all readers, so each browser sends its own request.
 */
const viewScript = (slug: string): Html =>
  html`<script>
    fetch("/api/views/${raw(encodeURIComponent(slug))}", { method: "POST" })
      .then((answer) => answer.json())
      .then(({ views }) => (document.getElementById("views").textContent = views))
      .catch(() => {});
  </script>`;

export const signInForm: Html = html`<h1>Sign in</h1>
  <form method="post" action="/session">
    <label>Name <input name="name" autocomplete="username" required /></label>
    <label
      >Password <input name="password" type="password" autocomplete="current-password" required
    /></label>
    <button>Sign in</button>
  </form>`;

export const editorMain = (sections: readonly Section[], said: string): Html =>
  html`<h1>Editor</h1>
    ${said === "" ? "" : html`<p class="said" role="status">${said}</p>`}
    <form method="post" action="/editor/articles">
      <label>Address <input name="slug" pattern="[a-z0-9\\-]+" required /></label>
      <label>Title <input name="title" required /></label>
      <label>Lede <input name="lede" required /></label>
      <label>
        Section
        <select name="section">
          ${sections.map(({ id, title }) => html`<option value="${id}">${title}</option>`)}
        </select>
      </label>
      <label>Text <textarea name="body" rows="8" required></textarea></label>
      <button>Publish</button>
    </form>`;
