// Routes that depend on the reader: front page, log-in, log-out, personal feed.
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { cacheControl, listTags } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { frontPage } from "./list-pages.ts";
import { sections } from "./newsroom.ts";
import { logInPage, myFeedPage } from "./reader-pages.ts";
import { type Reader, sessionLifetimeSeconds } from "./readers.ts";
import { sendPage, sendRefused } from "./send.ts";

const frontPageArticles = 13;
const myFeedArticles = 12;
const sessionCookie = "session";

export const readerRoutes = new Hono<DemoEnv>();

/*
 * The front page has a shared and a personal version. A cache that follows RFC 9111 does not mix
 * the two, because:
 *
 * - The shared page is `public` and varies by Cookie. Without that `Vary`, it would answer readers who are logged
 *   in (RFC 9111 §4.1).
 * - The personal page is `private`, so no shared cache stores it. It also varies by Cookie, so that the browser's
 *   own cache does not select it after log-out.
 * - The site sets a cookie only at log-in, so all other readers send no Cookie field and share one stored response.
 *   A cookie for counting visits would give each reader a variant.
 * - A request with an expired session also gets a `private` page, which deletes its cookie. So the
 *   next request uses the shared variant instead of filling the cache with copies.
 * - No other public page depends on the reader; "My feed" in the masthead is the same link for all.
 */
readerRoutes.get("/", async (context) => {
  const isShared = getCookie(context, sessionCookie) === undefined;
  const reader = readerOf(context);
  if (!isShared && reader === undefined) deleteCookie(context, sessionCookie, { path: "/" });
  context.header("Vary", "Cookie");
  const articles = await context.var.site.newsroom.latest({ offset: 0, limit: frontPageArticles });
  return sendPage(context, {
    title: "News from the island",
    content: frontPage(articles, reader?.greetingName),
    ...(isShared
      ? { cacheControl: cacheControl.list, tags: listTags(articles) }
      : { cacheControl: cacheControl.personal }),
  });
});

function readerOf(context: Context<DemoEnv>): Reader | undefined {
  const sessionId = getCookie(context, sessionCookie);
  return sessionId === undefined ? undefined : context.var.site.readers.bySession(sessionId);
}

readerRoutes.get("/log-in", (context) => sendLogIn(context, { isWrong: false }));

readerRoutes.post("/log-in", async (context) => {
  const { name, password } = await context.req.parseBody();
  const sessionId =
    typeof name === "string" && typeof password === "string"
      ? context.var.site.readers.logIn(name, password)
      : undefined;
  if (sessionId === undefined) return sendLogIn(context, { isWrong: true });
  // Not Secure: the demo is served on plain http://localhost.
  setCookie(context, sessionCookie, sessionId, {
    path: "/",
    httpOnly: true,
    sameSite: "Lax",
    maxAge: sessionLifetimeSeconds,
  });
  return seeOther(context, "/me");
});

const sendLogIn = (context: Context<DemoEnv>, { isWrong }: { isWrong: boolean }) =>
  sendPage(context, {
    title: "Log in",
    content: logInPage(isWrong),
    status: isWrong ? 401 : 200,
    cacheControl: cacheControl.never,
  });

readerRoutes.get("/login", (context) => context.redirect("/log-in", 301));

readerRoutes.post("/log-out", (context) => {
  const sessionId = deleteCookie(context, sessionCookie, { path: "/" });
  if (sessionId !== undefined) context.var.site.readers.logOut(sessionId);
  return seeOther(context, "/");
});

readerRoutes.get("/me", async (context) => {
  const reader = readerOf(context);
  if (reader === undefined) return seeOther(context, "/log-in");
  const { newsroom } = context.var.site;
  const articles = await newsroom.inSections([...reader.follows], myFeedArticles);
  const content = myFeedPage(reader, articles);
  return sendPage(context, { title: "My feed", content, cacheControl: cacheControl.personal });
});

readerRoutes.post("/me/follow", async (context) => {
  const reader = readerOf(context);
  if (reader === undefined) return seeOther(context, "/log-in");
  const sent = await context.req.parseBody();
  const section = sections.find((one) => one === sent["section"]);
  const wish = sent["follow"];
  if (section === undefined || (wish !== "on" && wish !== "off")) {
    const says = 'Send "section" with a section of the paper and "follow" with "on" or "off".';
    return sendRefused(context, { title: "Follow what?", says });
  }
  reader.follows[wish === "on" ? "add" : "delete"](section);
  return seeOther(context, "/me");
});

/** Redirects. The target depends on the reader, so the response must not be stored. */
const seeOther = (context: Context<DemoEnv>, path: string): Response =>
  context.body(null, 303, {
    Location: path,
    "Content-Length": "0",
    "Cache-Control": cacheControl.never,
  });
