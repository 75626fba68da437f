// Tests docs/webhooks.md: the documented options of each sender are the tested options, and the
// examples run.
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import type { WebhookSender } from "../../src/senders.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { openSite } from "../../testing/site/harness.ts";
import {
  deliver,
  hookSecret,
  shopify,
  signedBy,
  vendors,
} from "../../testing/site/webhook-vendors.ts";
import { filesIn } from "../package/examples.ts";

const page = readFileSync("docs/webhooks.md", "utf8");
const rows = [...page.matchAll(/^\| (\w+) \| `(\{ header: .*\})` \|$/gm)].map(
  ([, vendor = "", options = ""]) => ({ vendor, options }),
);

it("docs/webhooks.md has a row for each tested vendor", () => {
  const tested = vendors.map(({ vendor }) => vendor).filter((vendor) => vendor !== "one's own");
  expect(rows.map(({ vendor }) => vendor)).toEqual(tested);
});

it.each(rows)("docs/webhooks.md has the tested options of $vendor", async ({ vendor, options }) => {
  const url = `data:text/javascript,${encodeURIComponent(`export default ${options}`)}`;
  const { default: written } = (await import(/* @vite-ignore */ url)) as { default: object };
  const tested = vendors.find((one) => one.vendor === vendor)?.options;
  const plain = (value: object | undefined) =>
    JSON.stringify(value, Object.keys({ ...value, member: 0, unit: 0 }).sort());
  expect(plain(written)).toBe(plain(tested));
  expect(Object.keys(written).toSorted()).toEqual(Object.keys(tested ?? {}).toSorted());
});

it("docs/webhooks.md names each option of hmacSender", () => {
  const source = readFileSync("src/webhooks/hmac-options.ts", "utf8");
  const [, type = ""] = /interface HmacSenderOptions.*?\{\n(.*?)^\}/ms.exec(source) ?? [];
  const options = [...type.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name = ""]) => name);
  const [, table = ""] = page.split("| option | default | means |");
  const named = [...(table.split("\n\n", 1)[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)];
  expect(named.map(([, name = ""]) => name).toSorted()).toEqual(options.toSorted());
});

describe("an example in docs/webhooks.md", () => {
  let folder = "";
  const source = (path: string) => new URL(`../../src/${path}`, import.meta.url).href;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tidemark-webhooks-"));
    for (const { name, content } of filesIn(page)) {
      const here = content
        .replace('"tidemark"', JSON.stringify(source("tidemark.ts")))
        .replace('"tidemark/senders"', JSON.stringify(source("senders.ts")));
      writeFileSync(join(folder, name), here);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = (name: string): Promise<object> =>
    import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);

  function siteWith(name: string, sender: WebhookSender | undefined) {
    const clock = new FakeClock();
    const upstash = new UnsteadyUpstash(clock);
    const env = { [`HOOK_SECRET_${name.toUpperCase()}`]: hookSecret };
    const hooks = { [name]: sender as WebhookSender };
    return { site: openSite({ clock, upstash, env, config: { hooks } }), upstash };
  }

  it("purges products of Shopify, and ignores orders", async () => {
    const { default: config } = (await load("hooks.ts")) as { default: Config };
    const { site, upstash } = siteWith("shop", config.hooks.get("shop"));
    const body = JSON.stringify({ id: 7 });
    const headers = signedBy(shopify, site, { body });
    const ofOrder = { ...headers, "x-shopify-topic": "orders/create" };
    expect((await deliver(site, body, ofOrder)).text).toBe('{"ignored":true}');
    expect((await deliver(site, body, headers)).status).toBe(200);
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("product:7");
  });

  it("accepts only signed deliveries with a custom sender", async () => {
    const { contentful } = (await load("contentful.ts")) as { contentful: WebhookSender };
    const { site, upstash } = siteWith("content", contentful);
    const body = JSON.stringify({ sys: { id: "7" } });
    const signedAt = (atMs: number) => {
      const fields = { "x-contentful-timestamp": String(atMs), "x-contentful-topic": "publish" };
      const list = Object.entries(fields).map(([name, value]) => `${name}:${value}`);
      const text = `POST\n/_cache/hooks/content\n${list.join(";")}\n${body}`;
      return {
        ...fields,
        "x-contentful-signed-headers": Object.keys(fields).join(","),
        "x-contentful-signature": createHmac("sha256", hookSecret).update(text).digest("hex"),
      };
    };
    const headers = signedAt(site.clock.atMs);
    for (const [sent, given, status] of [
      [body, { ...headers, "x-contentful-topic": "delete" }, 401],
      [`${body} `, headers, 401],
      [body, signedAt(site.clock.atMs - 300_001), 401],
      [body, headers, 200],
    ] as const) {
      expect((await deliver(site, sent, given, "content")).status).toBe(status);
    }
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("entry:7");
  });
});
