// An article as a page and as JSON.
import { html } from "hono/html";
import type { Article } from "./newsroom.ts";
import { framePage, timeElement, type Frame, type Html } from "./page-frame.ts";
import { sectionTitle } from "./sections.ts";

/**
 * Nothing here comes from another article: a list of related stories would age with each of
 * them, and the validator is made from this article's version alone.
 */
export function articlePage(frame: Frame, article: Article): Promise<string> {
  const { slug, title, lede, section } = article;
  const content = html`<article class="story">
    <p class="kicker"><a href="/sections/${section}">${sectionTitle[section]}</a></p>
    <h1>${title}</h1>
    <p class="standfirst">${lede}</p>
    <p class="meta">By ${article.authorName} · ${timeElement(article.publishedAtMs)}</p>
    <img src="/images/${slug}.svg" alt="" width="960" height="540" />
    ${article.body.split("\n\n").map(block)}
    <div class="about meta">
      <p>${article.authorName} ${article.authorBeat}</p>
      ${correctionNote(article)}
      <p>
        <a href="/sections/${section}">More from ${sectionTitle[section]}</a> ·
        <a href="/articles/${slug}.json">This article as JSON</a>
      </p>
    </div>
  </article>`;
  return framePage(frame, { title, description: lede, content });
}

/** Bodies are plain text; "## " opens a heading, "> " a quotation. */
function block(text: string): Html {
  if (text.startsWith("## ")) return html`<h2>${text.slice(3)}</h2> `;
  if (text.startsWith("> ")) return html`<blockquote>${text.slice(2)}</blockquote> `;
  return html`<p>${text}</p> `;
}

function correctionNote({ version, updatedAtMs }: Article): Html | "" {
  if (version === 1) return "";
  return html`<p>Version ${version}, corrected ${timeElement(updatedAtMs)}.</p>`;
}

export function articleJson(article: Article): string {
  const { slug, title, lede, body, section, version } = article;
  return JSON.stringify({
    slug,
    title,
    lede,
    body,
    section,
    author: { id: article.authorId, name: article.authorName },
    version,
    publishedAt: new Date(article.publishedAtMs).toISOString(),
    updatedAt: new Date(article.updatedAtMs).toISOString(),
  });
}
