// Tests the files that `tidemark init` writes in addition to the configuration, and the name of the
// Worker.
import { parse } from "jsonc-parser";
import { describe, expect, it } from "vitest";
import { workerNameOf, wranglerFile } from "../../src/init/site-files.ts";

describe("wrangler.jsonc", () => {
  const origin = "https://$'.example.com";
  const choices = { name: "a-$&", origin, route: undefined, stores: "cloudflare" } as const;
  const tried = { name: choices.name, workers_dev: true, preview_urls: false };

  it("names the Worker and its origin, and enables workers.dev without a route", () => {
    const told = parse(wranglerFile(choices));
    expect(told).toMatchObject({ ...tried, vars: { ORIGIN_URL: choices.origin } });
    expect(told).not.toHaveProperty("routes");
  });

  it("disables workers.dev with a route", () => {
    const route = { pattern: "www.example.com/*", zone: "example.com" };
    expect(parse(wranglerFile({ ...choices, route }))).toMatchObject({
      ...tried,
      routes: [{ pattern: "www.example.com/*", zone_name: "example.com" }],
      workers_dev: false,
      vars: { ORIGIN_URL: choices.origin, SITE_HOST: "www.example.com" },
    });
  });
});

it.each([
  ["www.example.com", "tidemark-www-example-com"],
  ["127.0.0.1:8080", "tidemark-127-0-0-1-8080"],
  [`${"a".repeat(60)}.example`, `tidemark-${"a".repeat(45)}`],
])("the Worker in front of %s is named %s", (host, name) => {
  expect(workerNameOf(host)).toBe(name);
});
