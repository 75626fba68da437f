import node from "@astrojs/node";
import { defineConfig } from "astro/config";

export default defineConfig({
  output: "server",
  adapter: node({ mode: "standalone" }),
  cache: { provider: { entrypoint: "./src/cache.ts", config: { build: String(Date.now()) } } },
  routeRules: { "/archive": { maxAge: 3600, tags: ["news"] } },
});
