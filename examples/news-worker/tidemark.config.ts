// The routes of the news site: which pages are stored, and for how long. The first route that
// matches a request applies.
import { defineConfig } from "tidemark";
import { operate } from "tidemark/operate";

/** Public pages are the same for every reader, so they do not depend on the reader's cookie. */
const cookies = { ignore: ["reader"] };

export default defineConfig({
  parts: [operate()],
  // A purge takes effect everywhere within five seconds.
  purge: { maxLagSeconds: 5 },
  routes: [
    // The pages of one reader and the editor's desk are never stored.
    { name: "private", match: ["/me", "/me/*", "/session", "/editor", "/editor/*"], bypass: true },
    // Only the data cache stores these responses' data, so that the effect of each pattern is
    // visible.
    { name: "api", match: "/api/*", bypass: true },
    // No page names tags: it has those of the values that it shows, and their purges cover it.
    // A change is visible everywhere within 30 s, even if its purge fails. Pages are fresh for 20
    // s, and browsers do not store them.
    { name: "breaking", match: "/breaking", fresh: "20s", browser: "0s", cookies },
    {
      name: "article",
      match: "/news/:slug",
      fresh: "5m",
      staleWhileRevalidate: "1h",
      staleIfError: "1d",
      negative: { 404: "30s" },
      browser: "0s",
      query: { allow: [] },
      cookies,
    },
    {
      name: "lists",
      match: ["/", "/sections/:section", "/most-read"],
      fresh: "1m",
      staleWhileRevalidate: "10m",
      browser: "0s",
      query: { allow: ["size"] },
      cookies,
    },
    { name: "rest", match: "*", fresh: "1h", negative: { 404: "30s" }, cookies },
  ],
});
