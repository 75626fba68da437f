// The files beside the configuration are those of templates/site.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { expect, it } from "vitest";
import { root } from "../../../../local/bundling.ts";
import { devVars, gitignore, packageJson, tsconfig, worker } from "../../src/init/site-template.ts";
import { workerNameOf, wranglerFile } from "../../src/init/wrangler-file.ts";
import { configTestText } from "../../src/init/config-test-text.ts";

const template = (path: string) => readFile(join(root, "templates/site", path), "utf8");

it.each([
  ["src/worker.ts", worker],
  ["tsconfig.json", tsconfig],
  ["package.json", packageJson],
  [".gitignore", gitignore],
  [".dev.vars.example", devVars],
])("%s", async (path, text) => {
  expect(text).toBe(await template(path));
});

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

it("test/config.test.ts begins as the template's does", async () => {
  const [head = ""] = (await template("test/config.test.ts")).split("\nit.each");
  expect(configTestText([]).startsWith(head)).toBe(true);
});

it.each([
  ["www.example.com", "tidemark-www-example-com"],
  ["127.0.0.1:8080", "tidemark-127-0-0-1-8080"],
  [`${"a".repeat(60)}.example`, `tidemark-${"a".repeat(45)}`],
])("a Worker before %s is named %s", (host, name) => {
  expect(workerNameOf(host)).toBe(name);
});
