// How long the site's pages may be stored. The first route that matches a request counts.
import { defineConfig } from "tidemark";

/** Public pages are the same for every reader, so the cookie of a reader says nothing about them. */
const cookies = { ignore: ["reader"] };

export default defineConfig({
  // A purge is seen everywhere within five seconds.
  purge: { maxLagSeconds: 5 },
  routes: [
    // Never shared: what belongs to one reader, and the editor's desk.
    { name: "private", match: ["/me", "/me/*", "/session", "/editor", "/editor/*"], bypass: true },
    // Kept by the data cache alone, so that each pattern can be seen by itself.
    { name: "api", match: "/api/*", bypass: true },
    // Seen everywhere within 30 s even if no purge could be sent: 20 s here, and nothing in browsers.
    { name: "breaking", match: "/breaking", fresh: "20s", browser: "0s", cookies },
    {
      name: "article",
      match: "/news/:slug",
      fresh: "5m",
      staleWhileRevalidate: "1h",
      staleIfError: "1d",
      negative: { 404: "30s" },
      browser: "0s",
      tags: ({ slug = "" }) => [`article:${slug}`],
      query: { allow: [] },
      cookies,
    },
    {
      name: "lists",
      match: ["/", "/sections/:section", "/most-read"],
      fresh: "1m",
      staleWhileRevalidate: "10m",
      browser: "0s",
      tags: ["feed"],
      query: { allow: ["size"] },
      cookies,
    },
    { name: "rest", match: "*", fresh: "1h", negative: { 404: "30s" }, cookies },
  ],
});
