// The editor's routes: log in, publish, correct, withdraw, say what is breaking, see the purges.
import { Hono, type Context } from "hono";
import type { Accounts } from "./accounts.ts";
import { cacheControl } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { correctionPage, deskPage, editorLogInPage } from "./editor-pages.ts";
import { beginSession, endSession, formTokenOf, isSameToken } from "./editor-session.ts";
import type { Editorial } from "./editorial.ts";
import type { Article } from "./newsroom.ts";
import type { Html } from "./page-frame.ts";
import type { PurgeDesk } from "./purge-desk.ts";
import { purgeList } from "./purge-list.ts";
import { isSection } from "./sections.ts";
import { send } from "./send.ts";
import { frameNow, htmlType, sendPlainPage, type Site } from "./site.ts";

/** What the editor's pages need beside the site. */
export interface EditorsRoom {
  editors: Accounts;
  editorial: Editorial;
  desk: PurgeDesk;
}

const shownPurges = 20;
const shownArticles = 500;

export function editorRoutes(site: Site, room: EditorsRoom): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>();
  routes.use("/editor/*", async (context, next) => {
    await next();
    // Said here once for every answer, redirects and refusals included.
    context.header("Cache-Control", cacheControl.editor);
  });
  routes.get("/editor/log-in", (context) => sendLogIn(context, site, { wrong: false }));
  routes.post("/editor/log-in", async (context) => {
    const { name, password } = await fieldsOf(context);
    const sessionId = await room.editors.logIn(name ?? "", password ?? "");
    if (sessionId === undefined) return sendLogIn(context, site, { wrong: true });
    beginSession(context, sessionId);
    return seeOther(context, "/editor");
  });
  routes.use("/editor/*", async (context, next) => {
    const token = formTokenOf(context, room.editors);
    if (token === undefined) return seeOther(context, "/editor/log-in");
    context.set("formToken", token);
    const isChange = context.req.method !== "GET" && context.req.method !== "HEAD";
    if (!isChange || isSameToken(token, (await fieldsOf(context))["token"] ?? "")) return next();
    const says =
      "The form was not made for this session. Load the editor's page and send it again.";
    return refuse(context, site, { status: 403, title: "Not from here", says });
  });
  addPages(routes, site, room);
  addChanges(routes, site, room);
  routes.all("/editor/*", (context) => sendNoArticle(context, site));
  return routes;
}

function addPages(routes: Hono<DemoEnv>, site: Site, { desk }: EditorsRoom): void {
  const purges = (context: Context<DemoEnv>): Html =>
    purgeList({
      records: desk.newest(shownPurges),
      coloNames: desk.coloNames(),
      sendsTo: desk.sendsTo(),
      atMs: site.nowAtMs(),
      token: context.get("formToken"),
    });
  routes.get("/editor", (context) =>
    sendPage(context, async () => {
      const [{ articles }, breaking, shows] = await Promise.all([
        site.newsroom.latest({ offset: 0, limit: shownArticles }),
        site.newsroom.breaking(),
        desk.look("/breaking"),
      ]);
      const given = { articles, breaking, shows, authors: site.newsroom.authors() };
      const token = context.get("formToken");
      return deskPage(frameNow(context, site), { ...given, token, purges: purges(context) });
    }),
  );
  routes.get("/editor/purges", (context) =>
    sendPage(context, async () => (await purges(context)).toString()),
  );
  routes.get("/editor/articles/:slug", async (context) => {
    const article = await standingArticle(context, site);
    if (article === undefined) return sendNoArticle(context, site);
    const shows = await desk.look(`/articles/${article.slug}`);
    const token = context.get("formToken");
    return sendPage(context, () =>
      correctionPage(frameNow(context, site), { article, shows, token }),
    );
  });
}

function addChanges(routes: Hono<DemoEnv>, site: Site, { editorial, ...room }: EditorsRoom): void {
  const done = (context: Context<DemoEnv>): Response => seeOther(context, "/editor#purges");
  routes.post("/editor/log-out", (context) => {
    endSession(context, room.editors);
    return seeOther(context, "/editor/log-in");
  });
  routes.post("/editor/publish", (context) => publish(context, site, editorial));
  routes.post("/editor/articles/:slug/correct", async (context) => {
    const article = await standingArticle(context, site);
    if (article === undefined) return sendNoArticle(context, site);
    const { title = "", lede = "", body = "" } = await fieldsOf(context);
    if (title === "" || body === "") return refuseEmpty(context, site);
    editorial.correct(article.slug, { title, lede, body });
    return done(context);
  });
  routes.post("/editor/articles/:slug/withdraw", async (context) => {
    const article = await standingArticle(context, site);
    if (article === undefined) return sendNoArticle(context, site);
    editorial.withdraw(article);
    return done(context);
  });
  routes.post("/editor/breaking", async (context) => {
    const { text = "" } = await fieldsOf(context);
    if (text === "") return refuseEmpty(context, site);
    editorial.announce(text);
    return done(context);
  });
  routes.post("/editor/breaking/clear", (context) => {
    editorial.clearBreaking();
    return done(context);
  });
  routes.post("/editor/purges/:id/send-again", (context) => {
    room.desk.sendAgain(context.req.param("id"));
    return done(context);
  });
}

async function publish(
  context: Context<DemoEnv>,
  site: Site,
  editorial: Editorial,
): Promise<Response> {
  const { title = "", lede = "", body = "", section = "", author = "" } = await fieldsOf(context);
  const slug = slugOf(title);
  if (slug === "" || body === "") return refuseEmpty(context, site);
  const isAuthor = site.newsroom.authors().some(({ id }) => id === author);
  if (!isSection(section) || !isAuthor) {
    const says = "Choose a section and an author that the paper has.";
    return refuse(context, site, { status: 400, title: "Not published", says });
  }
  if (site.newsroom.versionOf(slug) !== undefined) {
    const says = `The address /articles/${slug} is taken. Give the article another title.`;
    return refuse(context, site, { status: 409, title: "Not published", says });
  }
  editorial.publish({ slug, title, lede, body, section, authorId: author });
  return seeOther(context, "/editor#purges");
}

/** Letters and digits of the title, joined by hyphens; empty when it has none of them. */
function slugOf(title: string): string {
  const plain = title.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 80)
    .replaceAll(/^-|-$/g, "");
}

async function standingArticle(
  context: Context<DemoEnv>,
  site: Site,
): Promise<Article | undefined> {
  const slug = context.req.param("slug") ?? "";
  const article = await site.newsroom.article(slug);
  return site.newsroom.versionOf(slug)?.withdrawnAtMs === null ? article : undefined;
}

/** The texts of a form, without white space around them; browsers send line ends as CRLF. */
async function fieldsOf(context: Context<DemoEnv>): Promise<Record<string, string | undefined>> {
  const form = Object.entries(await context.req.parseBody());
  return Object.fromEntries(
    form.map(([name, value]) => [
      name,
      typeof value === "string" ? value.trim().replaceAll("\r\n", "\n") : undefined,
    ]),
  );
}

const sendPage = (
  context: Context<DemoEnv>,
  make: () => Promise<string>,
  status: 200 | 401 = 200,
): Promise<Response> =>
  send(context, {
    contentType: htmlType,
    cacheControl: cacheControl.editor,
    compressible: true,
    status,
    render: async () => ({ body: await make() }),
  });

const sendLogIn = (
  context: Context<DemoEnv>,
  site: Site,
  given: { wrong: boolean },
): Promise<Response> =>
  sendPage(context, () => editorLogInPage(frameNow(context, site), given), given.wrong ? 401 : 200);

const refuse = (
  context: Context<DemoEnv>,
  site: Site,
  page: { status: 400 | 403 | 404 | 409; title: string; says: string },
): Promise<Response> =>
  sendPlainPage(context, site, { ...page, cacheControl: cacheControl.editor });

const refuseEmpty = (context: Context<DemoEnv>, site: Site): Promise<Response> =>
  refuse(context, site, {
    status: 400,
    title: "Nothing was changed",
    says: "A text that must be there is empty. Go back, write it, and send the form again.",
  });

const sendNoArticle = (context: Context<DemoEnv>, site: Site): Promise<Response> =>
  refuse(context, site, {
    status: 404,
    title: "Nothing here",
    says: "The paper has no such article, or the editor no such page.",
  });

const seeOther = (context: Context<DemoEnv>, path: string): Response =>
  context.body(null, 303, { Location: path, "Content-Length": "0" });
