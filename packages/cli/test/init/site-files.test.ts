// The files beside the configuration: what they have of templates/site, and what is their own.
import { parse } from "jsonc-parser";
import { describe, expect, it } from "vitest";
import { workerNameOf, wranglerFile } from "../../src/init/wrangler-file.ts";
import { configTestText } from "../../src/init/config-test-text.ts";

describe("wrangler.jsonc", () => {
  const choices = { name: "a-$&", origin: "https://$'.example.com", route: undefined };
  const tried = { name: choices.name, workers_dev: true, preview_urls: false };

  it("has its name and its origin, and is tried on workers.dev first", () => {
    const told = parse(wranglerFile(choices));
    expect(told).toMatchObject({ ...tried, vars: { ORIGIN_URL: choices.origin } });
    expect(told).not.toHaveProperty("routes");
  });

  it("has no second address with a route", () => {
    const route = { pattern: "www.example.com/*", zone: "example.com" };
    expect(parse(wranglerFile({ ...choices, route }))).toMatchObject({
      ...tried,
      routes: [{ pattern: "www.example.com/*", zone_name: "example.com" }],
      workers_dev: false,
      vars: { ORIGIN_URL: choices.origin, SITE_HOST: "www.example.com" },
    });
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
