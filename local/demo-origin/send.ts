// Builds responses from text: type, length, cache lifetime and tags.
import type { Context } from "hono";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { cacheControl } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { framePage, type Html } from "./page-frame.ts";

export interface PageCaching {
  readonly cacheControl: string;
  readonly tags?: readonly string[];
  readonly status?: ContentfulStatusCode;
}

export function sendText(
  context: Context<DemoEnv>,
  contentType: string,
  text: string,
  { cacheControl: control, tags = [], status = 200 }: PageCaching,
): Response {
  return context.body(text, status, {
    "Content-Type": contentType,
    "Content-Length": String(Buffer.byteLength(text)),
    "Cache-Control": control,
    // Two formats of the same list, because caches read different fields.
    ...(tags.length > 0 && { "Cache-Tag": tags.join(","), "Surrogate-Key": tags.join(" ") }),
  });
}

export const sendJson = (context: Context<DemoEnv>, data: object, kept: PageCaching): Response =>
  sendText(context, "application/json; charset=utf-8", JSON.stringify(data), kept);

/** Sends a page. Call it after the queries of the page, so that the stamp in the footer includes them. */
export async function sendPage(
  context: Context<DemoEnv>,
  page: PageCaching & {
    readonly title: string;
    readonly description?: string;
    readonly content: Html;
  },
): Promise<Response> {
  const { assets, nowAtMs } = context.var.site;
  const atMs = nowAtMs();
  const made = { atMs, tookMs: atMs - context.var.arrivedAtMs };
  return sendText(
    context,
    "text/html; charset=utf-8",
    await framePage({ assets, made }, page),
    page,
  );
}

/** @param page.says plain text, which is escaped */
export function sendPlainPage(
  context: Context<DemoEnv>,
  page: PageCaching & { readonly title: string; readonly says: string },
): Promise<Response> {
  const content = html`<h1>${page.title}</h1>
    <p>${page.says}</p>
    <p><a href="/">Back to the front page</a></p>`;
  return sendPage(context, { ...page, content });
}

export const sendRefused = (
  context: Context<DemoEnv>,
  refused: { readonly title: string; readonly says: string },
): Promise<Response> =>
  sendPlainPage(context, { ...refused, status: 400, cacheControl: cacheControl.never });

/** Sends a 404 that is stored briefly, under the tag that is purged when the resource appears. */
export const sendMissing = (
  context: Context<DemoEnv>,
  missing: { readonly says: string; readonly tags?: readonly string[] },
): Promise<Response> =>
  sendPlainPage(context, {
    ...missing,
    title: "Nothing here",
    status: 404,
    cacheControl: cacheControl.missing,
  });
