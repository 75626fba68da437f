// Renders pages for one reader: the log-in form and the personal feed.
import { html } from "hono/html";
import { cardList } from "./list-pages.ts";
import { type Article, sections, sectionTitle } from "./newsroom.ts";
import type { Html } from "./page-frame.ts";
import type { Reader } from "./readers.ts";

export const logInPage = (isWrong: boolean): Html =>
  html`<h1>Log in</h1>
    <form class="panel" method="post" action="/log-in">
      ${isWrong && html`<p class="wrong">That name and password do not go together.</p>`}
      <label>Name <input name="name" autocomplete="username" required /></label>
      <label
        >Password
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <button>Log in</button>
      <p class="meta">Three readers live here: ada, bao, chiara. Each one's password: reader.</p>
    </form>`;

export function myFeedPage(reader: Reader, articles: readonly Article[]): Html {
  const follows = sections.map((section) => {
    const followed = reader.follows.has(section);
    return html`<form method="post" action="/me/follow">
      <input type="hidden" name="section" value="${section}" />
      <input type="hidden" name="follow" value="${followed ? "off" : "on"}" />
      <button aria-pressed="${followed ? "true" : "false"}">${sectionTitle[section]}</button>
    </form> `;
  });
  return html`<h1>Hello, ${reader.greetingName}</h1>
    <p class="meta">The sections you follow. Press one to follow it, press again to leave it.</p>
    <div class="follows">${follows}</div>
    ${articles.length === 0 ? html`<p>You follow no section yet.</p>` : cardList(articles)}
    <form method="post" action="/log-out" class="pages"><button>Log out</button></form>`;
}
