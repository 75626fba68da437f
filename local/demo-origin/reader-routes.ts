// Routes that know their reader: the front page, logging in and out, my feed.
import { Hono, type Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { cacheControl, listTags } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { frontPage } from "./list-pages.ts";
import { cardJson } from "./news-routes.ts";
import { logInPage, myFeedPage } from "./reader-pages.ts";
import { sessionLifetimeSeconds, type Reader } from "./readers.ts";
import { isSection } from "./sections.ts";
import { send } from "./send.ts";
import { frameNow, htmlType, jsonType, pageValidators, sendPlainPage, type Site } from "./site.ts";

const frontPageArticles = 13;
const myFeedArticles = 12;
const sessionCookie = "session";

export function readerRoutes(site: Site): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>();
  routes.get("/", async (context) => {
    if (getCookie(context, sessionCookie) === undefined) return sendSharedFront(context, site);
    return sendPersonalFront(context, site, await readerOf(context, site));
  });
  routes.get("/log-in", (context) => sendLogIn(context, site, { wrong: false }));
  routes.post("/log-in", (context) => logIn(context, site));
  routes.post("/log-out", (context) => {
    const sessionId = getCookie(context, sessionCookie);
    if (sessionId !== undefined) site.readers.logOut(sessionId);
    deleteCookie(context, sessionCookie, { path: "/" });
    return seeOther(context, "/");
  });
  routes.get("/me", (context) => sendMyFeed(context, site, "html"));
  routes.get("/me.json", (context) => sendMyFeed(context, site, "json"));
  routes.post("/me/follow", (context) => follow(context, site));
  return routes;
}

/*
 * One address, two pages. What keeps them apart in a cache that follows RFC 9111:
 *
 * - The shared page is `public` and varies by Cookie. Without that `Vary` it would be stored
 *   under its address alone and answer readers who are logged in (RFC 9111 §4.1).
 * - The personal page is `private`, so no shared cache keeps it. It names Cookie too, for the
 *   browser's own cache: after logging out, the page that greets must not be selected again.
 * - The site sets one cookie only, and only at log-in, so all other readers send no Cookie field
 *   and share one stored response. A cookie for counting visits would give each reader a variant.
 * - A request whose session is over gets a `private` page as well, and its dead cookie is
 *   deleted: the next request joins the shared variant instead of filling the cache with copies.
 * - No other public page knows its reader; "My feed" in the masthead is the same link for all.
 */
function sendSharedFront(context: Context<DemoEnv>, site: Site): Promise<Response> {
  return send(context, {
    contentType: htmlType,
    cacheControl: cacheControl.list,
    compressible: true,
    vary: ["Cookie"],
    current: pageValidators(site, site.newsroom.edition()),
    render: async () => {
      const range = { offset: 0, limit: frontPageArticles };
      const { articles, edition } = await site.newsroom.latest(range);
      return {
        body: await frontPage(frameNow(context, site), { articles, greetingName: undefined }),
        validators: pageValidators(site, edition),
        tags: listTags(articles),
      };
    },
  });
}

function sendPersonalFront(
  context: Context<DemoEnv>,
  site: Site,
  reader: Reader | undefined,
): Promise<Response> {
  if (reader === undefined) deleteCookie(context, sessionCookie, { path: "/" });
  return send(context, {
    contentType: htmlType,
    cacheControl: cacheControl.personal,
    compressible: true,
    vary: ["Cookie"],
    render: async () => {
      const { articles } = await site.newsroom.latest({ offset: 0, limit: frontPageArticles });
      const given = { articles, greetingName: reader?.greetingName };
      return { body: await frontPage(frameNow(context, site), given) };
    },
  });
}

async function readerOf(context: Context<DemoEnv>, site: Site): Promise<Reader | undefined> {
  const sessionId = getCookie(context, sessionCookie);
  return sessionId === undefined ? undefined : site.readers.bySession(sessionId);
}

/** A redirect that depends on who asks, so nothing may keep it. */
function seeOther(context: Context<DemoEnv>, path: string): Response {
  return context.body(null, 303, {
    Location: path,
    "Content-Length": "0",
    "Cache-Control": cacheControl.never,
  });
}

const sendLogIn = (
  context: Context<DemoEnv>,
  site: Site,
  given: { wrong: boolean },
): Promise<Response> =>
  send(context, {
    contentType: htmlType,
    cacheControl: cacheControl.never,
    compressible: true,
    status: given.wrong ? 401 : 200,
    render: async () => ({ body: await logInPage(frameNow(context, site), given) }),
  });

async function logIn(context: Context<DemoEnv>, site: Site): Promise<Response> {
  const { name, password } = await context.req.parseBody();
  const sessionId =
    typeof name === "string" && typeof password === "string"
      ? await site.readers.logIn(name, password)
      : undefined;
  if (sessionId === undefined) return sendLogIn(context, site, { wrong: true });
  // Not Secure: the demo is served on plain http://localhost.
  setCookie(context, sessionCookie, sessionId, {
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: sessionLifetimeSeconds,
  });
  return seeOther(context, "/me");
}

async function sendMyFeed(
  context: Context<DemoEnv>,
  site: Site,
  form: "html" | "json",
): Promise<Response> {
  const reader = await readerOf(context, site);
  if (reader === undefined) return seeOther(context, "/log-in");
  return send(context, {
    contentType: form === "json" ? jsonType : htmlType,
    cacheControl: cacheControl.personal,
    compressible: true,
    render: async () => {
      const { articles } = await site.newsroom.inSections(reader.follows, myFeedArticles);
      if (form === "html") {
        return { body: await myFeedPage(frameNow(context, site), { reader, articles }) };
      }
      const { name, follows } = reader;
      return { body: JSON.stringify({ name, follows, articles: articles.map(cardJson) }) };
    },
  });
}

async function follow(context: Context<DemoEnv>, site: Site): Promise<Response> {
  const reader = await readerOf(context, site);
  if (reader === undefined) return seeOther(context, "/log-in");
  const { section, follow: wish } = await context.req.parseBody();
  if (typeof section !== "string" || !isSection(section) || (wish !== "on" && wish !== "off")) {
    const says = 'Send "section" with a section of the paper and "follow" with "on" or "off".';
    return sendPlainPage(context, site, { status: 400, title: "Follow what?", says });
  }
  site.readers.setFollow({ name: reader.name, section, follows: wish === "on" });
  return seeOther(context, "/me");
}
