// An API as an origin: JSON with validators, Vary, a list in pages, and a resource that needs a
// token.
import { Hono } from "hono";
import { etag } from "hono/etag";

const articles = Array.from({ length: 25 }, (_, at) => ({ id: at + 1, title: `Fog ${at + 1}` }));
const perPage = 10;

export function apiSite(): Hono {
  const api = new Hono();
  api.use(etag());
  api.get("/", (c) => {
    const links = { articles: "/v1/articles", me: "/v1/me", clock: "/v1/clock", rates: "/rates" };
    return c.json({ links, logout: "/logout" });
  });
  api.use("/v1/me", async (c, next) => {
    if (c.req.header("authorization") === "Bearer of-ada") return next();
    return c.json({ error: "unauthorized" }, 401, { "www-authenticate": "Bearer" });
  });
  api.get("/v1/me", (c) => c.json({ name: "Ada" }, 200, { "cache-control": "max-age=60" }));
  api.get("/v1/articles", (c) => {
    const page = Number(c.req.query("page") ?? 1);
    const some = articles.slice((page - 1) * perPage, page * perPage);
    c.header("cache-control", "public, max-age=60");
    c.header("vary", "Accept-Language");
    c.header("link", `</v1/articles?page=${page + 1}>; rel="next"`);
    return c.json(some.map(({ id }) => ({ id, lang: c.req.header("accept-language") ?? "" })));
  });
  api.get("/v1/articles/:id", (c) =>
    c.json(articles[Number(c.req.param("id")) - 1], 200, { "cache-control": "public, no-cache" }),
  );
  let tick = 0;
  api.get("/v1/clock", (c) => c.json({ tick: (tick += 1) }));
  api.get("/rates", (c) => {
    c.header("access-control-allow-headers", "Authorization, X-Api-Key, Content-Type");
    c.header("vary", "X-Auth-Token, Accept");
    return c.json({ eur: 1 });
  });
  return api;
}
