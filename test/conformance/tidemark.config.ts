// The options that an operator of the origin of cache-tests.fyi would set.
import { defineConfig } from "../../src/config/config.ts";

export default defineConfig({
  heuristics: true,
  cacheInFront: true,
  cookies: { harmless: ["a"] },
  routes: [
    {
      name: "all",
      match: "*",
      tiers: ["memory", "edge", "shared"],
      staleIfError: "1m",
      honourRequestDirectives: true,
      // The suite counts the origin's requests. An early refresh is likely when a busy machine is slow.
      earlyRefresh: false,
      // Error statuses that the suite expects a cache to store for the origin's lifetime.
      negative: {
        400: "origin",
        405: "origin",
        414: "origin",
        499: "origin",
        500: "origin",
        501: "origin",
        502: "origin",
        503: "origin",
        504: "origin",
        599: "origin",
      },
    },
  ],
});
