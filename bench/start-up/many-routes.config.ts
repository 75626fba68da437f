// A site with 1,000 routes, for `start-up.ts`.
import { defineConfig } from "../../src/config/config.ts";

export default defineConfig({
  routes: Array.from({ length: 1_000 }, (_, nth) => ({
    name: `product-${nth}`,
    match: `/shop/product-${nth}/:slug`,
    fresh: "1m",
  })),
});
