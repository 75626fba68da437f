// Tests that a returning browser gets the new page after a purge, although the origin's validator is that
// of a build, which stays the same.
import { describe, expect, it } from "vitest";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { type AskInit, idle, read, type Seen, type Site } from "../../../testing/site/harness.ts";

const url = "/news/a";
const built = "Thu, 01 Jan 1970 00:00:01 GMT";
const kinds = [
  { id: "ETag", fields: { etag: '"build"' } },
  { id: "weak ETag", fields: { etag: 'W/"build"' } },
  { id: "Last-Modified", fields: { "last-modified": built } },
];
const orders = [
  { id: "tag", order: { tags: ["red"] } },
  { id: "soft", order: { tags: ["red"], mode: "soft" } },
  { id: "url", order: { urls: ["https://www.example.com/news/a"] } },
  { id: "prefix", order: { prefixes: ["/news/"] } },
];

/** Opens two colos over one database, whose origin answers any condition on its validator with 304. */
function openLying(validator: Readonly<Record<string, string>>, control = "max-age=600") {
  const texts = { page: "version 1" };
  const fields = cc(control, { ...validator, "cache-tag": "red" });
  const origin = ({ headers }: Request) => {
    const isConditional = headers.has("if-none-match") || headers.has("if-modified-since");
    return isConditional ? unchanged(fields) : page(texts.page, fields);
  };
  const { site, upstash } = openJournalled({ origin });
  const far = openJournalled({ upstash, clock: site.clock, env: { COLO: "NRT" }, origin }).site;
  return { site, far, texts };
}

async function asked(site: Site, headers: AskInit["headers"] = {}): Promise<Seen> {
  const seen = await read(await site.ask(url, { headers }));
  await idle();
  return seen;
}

async function purge(site: Site, order: object = { tags: ["red"] }): Promise<void> {
  expect((await send(site, order)).status).toBe(200);
  await idle();
}

/** Returns the conditions of a browser that has this answer. */
function conditionsOf({ fields }: Seen): Record<string, string> {
  const tag = fields.get("etag");
  const modified = fields.get("last-modified");
  return {
    ...(tag !== null && { "if-none-match": tag }),
    ...(modified !== null && { "if-modified-since": modified }),
  };
}

describe.each(kinds)("the same $id before and after a purge", ({ fields }) => {
  it.each(orders)("gets a returning browser the new page: $id", async ({ order }) => {
    const { site, far, texts } = openLying(fields);
    const old = await asked(site);
    await asked(far);
    texts.page = "version 2";
    await purge(site, order);
    site.clock.advance(9.5);
    for (const each of [site, far, site]) {
      const back = await asked(each, conditionsOf(old));
      expect([back.status, back.text]).toEqual([200, "version 2"]);
    }
    const now = await asked(site);
    expect((await asked(far, conditionsOf(now))).status).toBe(304);
  });
});
