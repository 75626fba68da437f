// What this site caches, and for how long. `npm start` runs the demo news site behind it.
import { defineConfig } from "./src/config/config.ts";
import { operate } from "./src/parts/operate/operate.ts";

export default defineConfig({
  parts: [operate()],
  routes: [
    { name: "account", match: "/me/*", bypass: true },
    { name: "assets", match: "/assets/*", fresh: "365d", browser: "immutable" },
    {
      name: "article",
      match: "/articles/:slug",
      fresh: "5m",
      staleWhileRevalidate: "1h",
      staleIfError: "1d",
      jitter: 0.1,
      tags: ({ slug }) => [`article:${slug ?? ""}`, "articles"],
      query: { allow: ["page"] },
    },
    { name: "rest", match: "*", negative: { 404: "30s", 410: "5m" } },
  ],
});
