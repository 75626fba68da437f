// The files beside the configuration: what they have of templates/site, and what is their own.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { expect, it } from "vitest";
import { root } from "../../../../local/bundling.ts";
import { workerNameOf, wranglerFile } from "../../src/init/wrangler-file.ts";
import { configTestText } from "../../src/init/config-test-text.ts";

const template = (path: string) => readFile(join(root, "templates/site", path), "utf8");

it("wrangler.jsonc, with its name and its origin", async () => {
  const choices = {
    name: "tidemark-site",
    origin: "https://www.example.com",
    route: undefined,
  };
  expect(wranglerFile(choices)).toBe(await template("wrangler.jsonc"));
});

it("wrangler.jsonc with a route has no second address", () => {
  const route = { pattern: "www.example.com/*", zone: "example.com" };
  const choices = { name: "a", origin: "https://www.example.com", route };
  expect(parse(wranglerFile(choices))).toMatchObject({
    routes: [{ pattern: "www.example.com/*", zone_name: "example.com" }],
    workers_dev: false,
    preview_urls: false,
    vars: { SITE_HOST: "www.example.com" },
  });
});

it("test/config.test.ts has what asks the Worker, and then the tests of its own routes", () => {
  const text = configTestText([]);
  expect(text).toMatch(/async function cacheStatusOf[^]*\n}\n\nit\("never shares/);
  expect(text).not.toContain("it.each");
});

it.each([
  ["www.example.com", "tidemark-www-example-com"],
  ["127.0.0.1:8080", "tidemark-127-0-0-1-8080"],
  [`${"a".repeat(60)}.example`, `tidemark-${"a".repeat(45)}`],
])("a Worker before %s is named %s", (host, name) => {
  expect(workerNameOf(host)).toBe(name);
});
