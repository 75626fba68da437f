// Renders pages with lists of articles: front page, feed, section, search, and the RSS feed.
import { html } from "hono/html";
import { type Article, type BreakingLine, type Section, sectionTitle } from "./newsroom.ts";
import { type Html, timeElement } from "./page-frame.ts";

export function frontPage(articles: readonly Article[], greetingName: string | undefined): Html {
  const [lead, ...rest] = articles;
  return html`
    ${greetingName && html`<p class="meta">Good to see you, ${greetingName}.</p>`}
    ${lead && leadStory(lead)}
    <h2 class="block-title">Latest</h2>
    ${cardList(rest)}
    <nav class="pages"><span></span><a href="/feed?page=2">Older stories</a></nav>
  `;
}

function leadStory(article: Article): Html {
  const href = `/articles/${article.slug}`;
  return html`<article class="lead">
    <a href="${href}" tabindex="-1" aria-hidden="true"
      ><img src="/images/${article.slug}.svg" alt="" width="960" height="540"
    /></a>
    <div>
      ${kicker(article)}
      <h1><a href="${href}">${article.title}</a></h1>
      <p>${article.lede}</p>
      ${byline(article)}
    </div>
  </article>`;
}

const kicker = ({ section }: Article): Html =>
  html`<p class="kicker"><a href="/sections/${section}">${sectionTitle[section]}</a></p>`;

const byline = (article: Article): Html =>
  html`<p class="meta">${article.authorName} · ${timeElement(article.publishedAtMs)}</p>`;

export function cardList(articles: readonly Article[]): Html {
  return html`<ul class="cards">
    ${articles.map(
      (article) =>
        html`<li class="card">
          <img src="/images/${article.slug}.svg" alt="" width="960" height="540" loading="lazy" />
          ${kicker(article)}
          <h3><a href="/articles/${article.slug}">${article.title}</a></h3>
          <p class="summary">${article.lede}</p>
          ${byline(article)}
        </li> `,
    )}
  </ul>`;
}

interface FeedPart {
  readonly articles: readonly Article[];
  readonly page: number;
  readonly pageCount: number;
}

export function feedPage({ articles, page, pageCount }: FeedPart): Html {
  const newer = page > 1 && html`<a href="/feed?page=${page - 1}" rel="prev">Newer stories</a>`;
  const older =
    page < pageCount && html`<a href="/feed?page=${page + 1}" rel="next">Older stories</a>`;
  return html`<h1>Latest</h1>
    ${cardList(articles)}
    <nav class="pages" aria-label="Pages">
      <span>${newer}</span> <span>Page ${page} of ${pageCount}</span> <span>${older}</span>
    </nav>`;
}

export const sectionPage = (section: Section, articles: readonly Article[]): Html =>
  html`<h1>${sectionTitle[section]}</h1>
    ${cardList(articles)}`;

export function searchPage(query: string, articles: readonly Article[]): Html {
  const found =
    articles.length === 0
      ? html`<p>No article says “${query}”. Try fewer words, or another spelling.</p>`
      : html`<h2 class="block-title">
            ${articles.length === 1 ? "1 story" : `${articles.length} stories`} with “${query}”
          </h2>
          ${cardList(articles)}`;
  return html`<h1>Search</h1>
    <form class="search" action="/search" role="search">
      <input type="search" name="q" value="${query}" aria-label="Words to look for" />
      <button>Search</button>
    </form>
    ${query !== "" && found}`;
}

/** The fragment that the pages' script inserts into their strip. */
export async function breakingFragment({ text, saidAtMs }: BreakingLine): Promise<string> {
  const fragment = await html`<p><strong>Breaking</strong> ${text} ${timeElement(saidAtMs)}</p> `;
  return fragment.toString();
}

/** @param siteUrl scheme and host under which readers see the site, such as "https://a.example" */
export async function rssFeed(siteUrl: string, articles: readonly Article[]): Promise<string> {
  // HTML escapes are valid XML here: none of them is a named entity that XML lacks.
  const items = articles.map(
    ({ slug, title, lede, publishedAtMs }) =>
      html`<item>
  <title>${title}</title>
  <link>${siteUrl}/articles/${slug}</link>
  <guid isPermaLink="false">${slug}</guid>
  <description>${lede}</description>
  <pubDate>${new Date(publishedAtMs).toUTCString()}</pubDate>
</item>
`,
  );
  const channel = await html`<rss version="2.0"><channel>
<title>The Skerrow Post</title>
<link>${siteUrl}/</link>
<description>News from the island of Skerrow</description>
<language>en-gb</language>
${items}</channel></rss>
`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${channel.toString()}`;
}
