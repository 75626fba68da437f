// Tests docs/webhooks.md: it has a section for each sender, and the examples run. The page links to
// the sender for Ed25519 in this file.
import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { decodeEntry } from "../../../src/purge/journal/entry.ts";
import { namedTargets } from "../../../src/purge/journal/purge-target.ts";
import * as senders from "../../../src/parts/hooks/hooks.ts";
import { webhookSender } from "../../../src/parts/hooks/hooks.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { openJournalled, secret as purgeSecret } from "../../../testing/site/purge-sender.ts";
import { hitsOf } from "./varnish-site.ts";
import { deliver, hookSecret, shopify, signedBy } from "./webhook-vendors.ts";
import { filesIn } from "../../package/examples.ts";

const page = readFileSync("docs/webhooks.md", "utf8");
/** The functions that are not senders with a mapping of their own. */
const makers = "hmacSender tokenSender webhookSender hooks varnish OperatorError".split(" ");

it("docs/webhooks.md has a point and a section for each sender", () => {
  const presets = Object.keys(senders).filter((name) => !makers.includes(name));
  const rows = [...page.matchAll(/^- \[`(\w+)`\]\(#([\w-]+)\)\. /gm)];
  expect(rows.map(([, name]) => name)).toEqual(presets.toSorted());
  const headings = [...page.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
  for (const [, , anchor] of rows) expect(headings).toContain(anchor);
});

const bytesOf = (hex: string) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** The sender signs with a private key, and HOOK_SECRET_<NAME> is its public key in hexadecimal. */
const ed25519 = webhookSender({
  claimOf({ headers }, nowAtMs) {
    const signature = headers.get("x-signature-ed25519") ?? "";
    const timestamp = headers.get("x-signature-timestamp") ?? "";
    if (!/^[0-9a-f]{128}$/.test(signature) || !/^\d{1,12}$/.test(timestamp)) {
      return { kind: "refused", reason: "malformed" };
    }
    if (Math.abs(nowAtMs - Number(timestamp) * 1_000) > 300_000) {
      return { kind: "refused", reason: "timestamp" };
    }
    return {
      kind: "claimed",
      delivery: "",
      async isSigned(body, secrets) {
        const content = await new Blob([timestamp, body]).arrayBuffer();
        for (const secret of secrets) {
          const key = await crypto.subtle.importKey("raw", bytesOf(secret), "Ed25519", false, [
            "verify",
          ]);
          if (await crypto.subtle.verify("Ed25519", key, bytesOf(signature), content)) return true;
        }
        return false;
      },
    };
  },
  toOrder: (payload) => ({ tags: [`entry:${(payload as { id: string }).id}`] }),
});

describe("an example for docs/webhooks.md", () => {
  let folder = "";
  const source = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "tidemark-webhooks-"));
    for (const { name, content } of filesIn(page)) {
      const here = content
        .replace('"tidemark"', JSON.stringify(source("tidemark.ts")))
        .replace('"tidemark/hooks"', JSON.stringify(source("parts/hooks/hooks.ts")))
        .replace('"tidemark/purger"', JSON.stringify(source("purger/create-purger.ts")));
      writeFileSync(join(folder, name), here);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const load = (name: string): Promise<object> =>
    import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);

  function siteWith(name: string, config: ConfigInput, secret = hookSecret) {
    const clock = new FakeClock();
    const upstash = new UnsteadyUpstash(clock);
    const env = { [`HOOK_SECRET_${name.toUpperCase()}`]: secret };
    return { site: openSite({ clock, upstash, env, config }), upstash };
  }

  it("purges products of Shopify, and ignores orders", async () => {
    const { default: config } = (await load("hooks.ts")) as { default: ConfigInput };
    const { site, upstash } = siteWith("shop", config);
    const body = JSON.stringify({ id: 7 });
    const headers = signedBy(shopify, site, { body });
    const ofOrder = { ...headers, "x-shopify-topic": "orders/create" };
    expect((await deliver(site, body, ofOrder)).text).toBe('{"ignored":true}');
    expect((await deliver(site, body, headers)).status).toBe(200);
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("product:7");
  });

  it("accepts only signed deliveries with a custom sender", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const { x = "" } = publicKey.export({ format: "jwk" });
    const secret = Buffer.from(x, "base64url").toString("hex");
    const { site, upstash } = siteWith(
      "content",
      { parts: [senders.hooks({ content: ed25519 })] },
      secret,
    );
    const body = JSON.stringify({ id: "7" });
    const signedAt = (atSeconds: number) => ({
      "x-signature-timestamp": String(atSeconds),
      "x-signature-ed25519": sign(null, Buffer.from(`${atSeconds}${body}`), privateKey).toString(
        "hex",
      ),
    });
    const atSeconds = Math.floor(site.clock.atMs / 1_000);
    const headers = signedAt(atSeconds);
    for (const [sent, given, status] of [
      [body, { ...headers, "x-signature-timestamp": String(atSeconds + 1) }, 401],
      [`${body} `, headers, 401],
      [body, signedAt(atSeconds - 301), 401],
      [body, headers, 200],
    ] as const) {
      expect((await deliver(site, sent, given, "content")).status).toBe(status);
    }
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("entry:7");
  });

  it("purges a document of Payload, also by its former slug, and does not fail the save", async () => {
    // The example's purger signs by the real clock.
    const clock = new FakeClock();
    clock.atMs = Date.now();
    const { site, upstash } = openJournalled({ clock });
    const error = vi.spyOn(console, "error").mockReturnValue();
    vi.stubEnv("PURGE_URL", "https://www.example.com/_cache/purge");
    vi.stubEnv("PURGE_SECRET", purgeSecret);
    const direct = globalThis.fetch;
    let answer = (to: string, init: object) => site.ask(to, init);
    vi.stubGlobal("fetch", (to: string, init: object) =>
      to.startsWith("https://www.example.com/") ? answer(to, init) : direct(to, init),
    );
    const { purgeDoc } = (await load("payload-hooks.ts")) as {
      purgeDoc: (change: object) => Promise<unknown>;
    };
    const doc = { id: 7, slug: "new" };
    const change = { collection: { slug: "posts" }, doc, previousDoc: { id: 7, slug: "old" } };
    expect(await purgeDoc(change)).toBeUndefined();
    const [[id, fields] = ["", []]] = upstash.journal.range(["-", "+"]);
    const tags = ["posts", "posts:7", "posts:new", "posts:old"];
    expect(namedTargets(decodeEntry(id, fields).targets).tags.toSorted()).toEqual(tags);
    // As for `afterDelete`, while the secret is wrong at the site.
    answer = () => Promise.resolve(new Response("{}", { status: 401 }));
    expect(await purgeDoc({ collection: { slug: "posts" }, doc: { id: 7 } })).toBeUndefined();
    expect(error).toHaveBeenCalledTimes(1);
  });

  it("purges pages by the cache tags of DatoCMS, which have any characters", async () => {
    const tags = ["BQD?*", "2.a*q", "N*r;L", "6-KZ@", "t#k[uP", "%41", `"x'`];
    const clock = new FakeClock();
    const site = openSite({
      clock,
      upstash: new UnsteadyUpstash(clock),
      env: { HOOK_SECRET_CMS: hookSecret },
      config: { parts: [senders.hooks({ cms: senders.datocms() })] },
      origin: ({ url }) => {
        const tag = tags[Number(new URL(url).pathname.slice(1))];
        return new Response("page", {
          headers: { "cache-control": "max-age=600", "surrogate-key": `other ${tag} f7e` },
        });
      },
    });
    const paths = tags.map((_, at) => `/${at}`);
    await hitsOf(site, paths);
    expect(await hitsOf(site, paths)).toEqual(paths);
    for (const [at, tag] of tags.entries()) {
      clock.advance(2);
      const entity = { id: "cda_cache_tags", type: "cda_cache_tags", attributes: { tags: [tag] } };
      const payload = { entity_type: "cda_cache_tags", event_type: "invalidate", entity };
      const headers = { authorization: `Bearer ${hookSecret}` };
      expect((await deliver(site, JSON.stringify(payload), headers, "cms")).status).toBe(200);
      clock.advance(0.001);
      expect(await hitsOf(site, paths)).toEqual(paths.filter((path) => path !== `/${at}`));
    }
  });

  it("has the bodies that Directus and Drupal send", async () => {
    const { site, upstash } = siteWith("cms", {
      parts: [senders.hooks({ cms: senders.directus() })],
    });
    const headers = { authorization: `Bearer ${hookSecret}` };
    // Directus replaces a body of one variable by its value.
    expect(page).toContain("\n{{$trigger}}\n");
    const trigger = { event: "news.items.update", keys: ["7"], collection: "news", payload: {} };
    await deliver(site, JSON.stringify(trigger), headers, "cms");
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("news:7");
    const [, body = ""] =
      /^```json\n(.*"\[invalidations:separated_pipe\]".*)\n```$/m.exec(page) ?? [];
    const drupal = siteWith("cms", { parts: [senders.hooks({ cms: senders.drupal() })] });
    const filled = body.replace(/\[invalidations:\w+\]/, "node:7|node_list");
    expect((await deliver(drupal.site, filled, headers, "cms")).status).toBe(200);
    expect(JSON.stringify(drupal.upstash.journal.range(["-", "+"]))).toContain("node_list");
  });
});
