// A page that says one thing: what is missing, or what was wrong with the request.
import { html } from "hono/html";
import { framePage, type Frame } from "./page-frame.ts";

/** @param given.says plain text; it is shown escaped */
export function plainPage(frame: Frame, given: { title: string; says: string }): Promise<string> {
  const content = html`<h1>${given.title}</h1>
    <p>${given.says}</p>
    <p><a href="/">Back to the front page</a></p>`;
  return framePage(frame, { title: given.title, content });
}
