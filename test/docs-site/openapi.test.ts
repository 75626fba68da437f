// Checks that the OpenAPI document is valid, and describes the operator's routes of the application.
// Needs parts: dashboard, hooks, outward.
import { existsSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import type { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { openApi } from "../../docs-site/reference/openapi.ts";
import type { PartContents } from "../../src/admin/part-contents.ts";
import type { SitePart } from "../../src/part/port/part.ts";
import { createApp } from "../../src/app.ts";
import { defineConfig } from "../../src/config/config.ts";
import { dashboard } from "../../src/parts/dashboard/dashboard.ts";
import { outward } from "../../src/parts/outward/outward.ts";
import { operate } from "../../src/parts/operate/operate.ts";
import { hooks, shopify } from "../../src/parts/hooks/hooks.ts";
import { listTarget } from "../parts/outward/outward-world.ts";
import { openSite } from "../../testing/site/harness.ts";
import { page } from "../../testing/fakes/origin-in-process.ts";

/** Returns the routes of an application with all parts, such as `get /journal`. */
async function routesOfApp(): Promise<string[]> {
  let admin: Hono | undefined;
  const contents: PartContents = { open: () => ({ addTo: (given) => void (admin = given) }) };
  const noting: SitePart = { kind: "site", name: "noting", contents };
  const nothing = () => undefined;
  const host = {
    cache: () => openSite().cache,
    fetch: async () => page("page"),
    nowAtMs: () => 0,
    random: () => 0,
    turn: () => Promise.resolve(),
    log: nothing,
  };
  const config = defineConfig({
    parts: [
      noting,
      operate(),
      dashboard(),
      outward({ edge: listTarget() }),
      hooks({ shop: shopify() }),
    ],
  });
  const env = {
    ORIGIN_URL: "https://origin.invalid",
    ADMIN_TOKEN: "battery-staple-horse-21",
    HOOK_SECRET_SHOP: "hR7kQ2vXw9Lp4TzBn6Ys",
  };
  const app = createApp(config, env, host);
  const background = { waitUntil: nothing, passThroughOnException: nothing, props: {} };
  await app.fetch(new Request("https://www.example.com/_cache/health"), {}, background);
  return (admin?.routes ?? []).map(({ method, path }) => `${method.toLowerCase()} ${path}`);
}

/** Pages of the dashboard, which are for browsers, and the 404s of all other paths. */
const forBrowsers = ["get /*", "all /dashboard/:name", "all /:path{.+/}", "all /*"];

describe("the OpenAPI document", () => {
  it("is valid", async () => {
    const { valid, errors } = await new Validator().validate(openApi());
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it("has exactly the routes of the application", async () => {
    const found = new Set(await routesOfApp());
    expect(forBrowsers.filter((one) => !found.has(one))).toEqual([]);
    const described = Object.entries(openApi().paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const expected = [...found].filter((one) => !forBrowsers.includes(one));
    expect(described.sort()).toEqual(expected.map((one) => one.replace("/shop", "/{name}")).sort());
  });

  it("names existing pages, and only schemas that it has", () => {
    const text = JSON.stringify(openApi());
    const pages = [...text.matchAll(/"url":"([\w-]+)\.md"/g)].map(([, name = ""]) => name);
    expect(pages.length).toBeGreaterThan(10);
    expect(pages.filter((name) => !existsSync(`docs/${name}.md`))).toEqual([]);
    const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    expect(new Set(Object.keys(openApi().components.schemas))).toEqual(new Set(named));
  });

  it("states the types that only the code of a schema checks", () => {
    const { schemas } = openApi().components;
    const anyOf = [{ type: "number" }, { type: "boolean" }];
    expect(schemas["purge"]).toMatchObject({
      properties: { targets: { type: "object", additionalProperties: { anyOf } } },
    });
    // A newer site may add members to its answers.
    expect(JSON.stringify(schemas["purge"])).not.toContain('"additionalProperties":false');
    const text = { type: "string" };
    expect(schemas["warmOrder"]).toMatchObject({
      additionalProperties: false,
      properties: {
        cursor: { type: "integer", minimum: 0 },
        data: {
          type: "object",
          additionalProperties: { items: { anyOf: [text, { type: "number" }] } },
        },
      },
    });
  });
});
