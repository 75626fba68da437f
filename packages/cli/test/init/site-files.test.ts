// Tests the files that `tidemark init` writes in addition to the configuration, and the name of the
// Worker.
import { parse } from "jsonc-parser";
import { expect, it } from "vitest";
import { workerNameOf, wranglerFile } from "../../src/init/site-files.ts";

it("wrangler.jsonc names the Worker and its origin, and enables workers.dev", () => {
  const origin = "https://$'.example.com";
  const told = parse(wranglerFile({ name: "a-$&", origin, stores: "cloudflare" }));
  const tried = { name: "a-$&", workers_dev: true, preview_urls: false };
  expect(told).toMatchObject({ ...tried, vars: { ORIGIN_URL: origin } });
  expect(told).not.toHaveProperty("routes");
});

it.each([
  ["www.example.com", "tidemark-www-example-com"],
  ["127.0.0.1:8080", "tidemark-127-0-0-1-8080"],
  [`${"a".repeat(60)}.example`, `tidemark-${"a".repeat(45)}`],
])("the Worker in front of %s is named %s", (host, name) => {
  expect(workerNameOf(host)).toBe(name);
});
