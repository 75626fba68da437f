// Which pages are cached, and for how long if the site sends no lifetime. The first matching route applies.
import { consentCookies, defineConfig } from "tidemark";
import { operate } from "tidemark/operate";

export default defineConfig({
  parts: [operate()],
  // Requests with unknown cookies may belong to a session. These cookies do not change pages.
  cookies: { harmless: consentCookies },
  routes: [
    { name: "account", match: "/account/*", bypass: true },
    { name: "api", match: "/api/*", bypass: true },
    {
      name: "article",
      match: "/articles/:slug",
      fresh: "5m",
      staleWhileRevalidate: "1h",
      staleIfError: "1d",
      tags: ({ slug }) => [`article:${slug}`, "articles"],
    },
    { name: "pages", match: "*", fresh: "1m", staleIfError: "1d", negative: { 404: "10s" } },
  ],
});
