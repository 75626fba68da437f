// Renders an article as HTML and as JSON.
import { html } from "hono/html";
import { type Article, sectionTitle } from "./newsroom.ts";
import { type Html, timeElement } from "./page-frame.ts";

export function articlePage(article: Article): Html {
  const { slug, title, lede, section, authorName } = article;
  return html`<article class="story">
    <p class="kicker"><a href="/sections/${section}">${sectionTitle[section]}</a></p>
    <h1>${title}</h1>
    <p class="standfirst">${lede}</p>
    <p class="meta">By ${authorName} · ${timeElement(article.publishedAtMs)}</p>
    <img src="/images/${slug}.svg" alt="" width="960" height="540" />
    ${article.body.split("\n\n").map(block)}
    <div class="about meta">
      <p>${authorName} ${article.authorBeat}</p>
      <p>
        <a href="/sections/${section}">More from ${sectionTitle[section]}</a> ·
        <a href="/articles/${slug}.json">This article as JSON</a>
      </p>
    </div>
  </article>`;
}

/** Renders a paragraph of plain text; "## " begins a heading, "> " a quotation. */
function block(text: string): Html {
  if (text.startsWith("## ")) return html`<h2>${text.slice(3)}</h2> `;
  if (text.startsWith("> ")) return html`<blockquote>${text.slice(2)}</blockquote> `;
  return html`<p>${text}</p> `;
}

/** The JSON of an article in a list. */
export const cardJson = (article: Article) => ({
  slug: article.slug,
  title: article.title,
  lede: article.lede,
  section: article.section,
  author: article.authorName,
  publishedAt: new Date(article.publishedAtMs).toISOString(),
});

export const articleJson = (article: Article) => ({ ...cardJson(article), body: article.body });
