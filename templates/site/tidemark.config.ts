// What is cached, and for how long where the site itself does not say. The first route that matches counts.
import { consentCookies, defineConfig } from "tidemark";

export default defineConfig({
  // A request with a cookie that nobody knows may belong to a session. These say nothing about a page.
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
