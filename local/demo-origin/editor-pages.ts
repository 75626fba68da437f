// The editor's pages: the log-in form, the desk with its forms, the correction of one article.
import { html } from "hono/html";
import type { ColoShows } from "./colo-watch.ts";
import type { Article, ArticleCard, Author, BreakingLine } from "./newsroom.ts";
import { framePage, timeElement, type Frame, type Html } from "./page-frame.ts";
import { sections, sectionTitle } from "./sections.ts";

export function editorLogInPage(frame: Frame, given: { wrong: boolean }): Promise<string> {
  const content = html`<h1>The editor’s desk</h1>
    <form class="panel" method="post" action="/editor/log-in">
      ${given.wrong && html`<p class="wrong">That name and password do not go together.</p>`}
      <label>Name <input name="name" autocomplete="username" required /></label>
      <label
        >Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button>Log in</button>
      <p class="meta">One editor works here: edit, with the password editor.</p>
    </form>`;
  return framePage(frame, { title: "The editor’s desk", content });
}

export function deskPage(
  frame: Frame,
  given: {
    articles: readonly ArticleCard[];
    authors: readonly Author[];
    breaking: BreakingLine | undefined;
    shows: readonly ColoShows[];
    token: string;
    purges: Html;
  },
): Promise<string> {
  const { articles, authors, token } = given;
  const content = html`<h1>The editor’s desk</h1>
    <div class="desk">${breakingPanel(given)} ${publishPanel(authors, token)}</div>
    <h2 class="block-title" id="purges">Purges</h2>
    <div data-purges>${given.purges}</div>
    <h2 class="block-title">Correct or withdraw</h2>
    <ul class="desk-list">
      ${articles.map(
        ({ slug, title, section, version }) =>
          html`<li>
            <a href="/editor/articles/${slug}">${title}</a>
            <span class="meta">${sectionTitle[section]}, version ${version}</span>
          </li> `,
      )}
    </ul>
    <form method="post" action="/editor/log-out" class="pages">
      ${hiddenToken(token)}<button>Log out</button>
    </form>`;
  return framePage(frame, { title: "The editor’s desk", content });
}

function breakingPanel(given: {
  breaking: BreakingLine | undefined;
  shows: readonly ColoShows[];
  token: string;
}): Html {
  const { breaking, shows, token } = given;
  const line = breaking === undefined || breaking.text === null ? undefined : breaking;
  return html`<section class="panel">
    <h2 class="block-title">Breaking</h2>
    <p>
      ${
        line === undefined
          ? "Nothing is breaking."
          : html`${line.text} <span class="meta">${timeElement(line.saidAtMs)}</span>`
      }
    </p>
    ${showsNow("line", shows)}
    <form method="post" action="/editor/breaking">
      ${hiddenToken(token)}
      <label>New line <input name="text" maxlength="200" required /></label>
      <button>Set</button>
    </form>
    <form method="post" action="/editor/breaking/clear">
      ${hiddenToken(token)}
      <button class="quiet">Clear</button>
    </form>
  </section>`;
}

function publishPanel(authors: readonly Author[], token: string): Html {
  return html`<section class="panel">
    <h2 class="block-title">Publish</h2>
    <form method="post" action="/editor/publish">
      ${hiddenToken(token)} ${textFields({ title: "", lede: "", body: "", rows: 4 })}
      <label
        >Section
        <select name="section">
          ${sections.map(
            (section) => html`<option value="${section}">${sectionTitle[section]}</option>`,
          )}
        </select>
      </label>
      <label
        >Author
        <select name="author">
          ${authors.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}
        </select>
      </label>
      <button>Publish</button>
    </form>
  </section>`;
}

export function correctionPage(
  frame: Frame,
  given: { article: Article; shows: readonly ColoShows[]; token: string },
): Promise<string> {
  const { article, shows, token } = given;
  const { slug, title, lede, body, version } = article;
  const content = html`<h1>Correct an article</h1>
    <p class="meta">
      <a href="/articles/${slug}">/articles/${slug}</a>, version ${version} ·
      <a href="/editor">Back to the desk</a>
    </p>
    ${showsNow("version", shows)}
    <form class="panel wide" method="post" action="/editor/articles/${slug}/correct">
      ${hiddenToken(token)} ${textFields({ title, lede, body, rows: 18 })}
      <button>Publish the correction</button>
    </form>
    <form class="panel wide" method="post" action="/editor/articles/${slug}/withdraw">
      ${hiddenToken(token)}
      <p>Taken out of the paper, the article answers 410, and its address stays taken.</p>
      <button class="quiet">Withdraw it</button>
    </form>`;
  return framePage(frame, { title: `Correct: ${title}`, content });
}

function textFields(given: { title: string; lede: string; body: string; rows: number }): Html {
  return html`<label
      >Title <input name="title" value="${given.title}" maxlength="200" required
    /></label>
    <label>Lede <input name="lede" value="${given.lede}" maxlength="400" /></label>
    <label
      >Text <textarea name="body" rows="${given.rows}" required>${given.body}</textarea>
    </label>`;
}

const hiddenToken = (token: string): Html =>
  html`<input type="hidden" name="token" value="${token}" />`;

function showsNow(what: "line" | "version", shows: readonly ColoShows[]): Html | "" {
  if (shows.length === 0) return "";
  const seen = shows.map(
    ({ colo, version }) => `${colo} ${version === undefined ? "none" : `${what} ${version}`}`,
  );
  return html`<p class="meta">Shown to readers now: ${seen.join(", ")}.</p>`;
}
