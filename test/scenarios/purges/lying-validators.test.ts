// Tests that a returning browser gets the new page after a purge, although the origin's validator is that
// of a build, which stays the same.
import { describe, expect, it } from "vitest";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
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

const sized = (text: string, fields: Readonly<Record<string, string>>) =>
  page(text, { ...fields, "content-length": String(text.length) });

/** Opens two colos over one database, whose origin answers any condition on its validator with 304. */
function openLying(validator: Readonly<Record<string, string>>, control = "max-age=600") {
  const texts = { page: "version 1" };
  const fields = cc(control, { ...validator, "cache-tag": "red" });
  const origin = ({ headers }: Request) => {
    const isConditional = headers.has("if-none-match") || headers.has("if-modified-since");
    return isConditional ? unchanged(fields) : sized(texts.page, fields);
  };
  const { site, upstash } = openJournalled({ origin });
  const far = openJournalled({ upstash, clock: site.clock, env: { COLO: "NRT" }, origin }).site;
  return { site, far, upstash, texts };
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

describe("a page whose ETag stays the same", () => {
  const tag = { etag: '"build"' };

  it("keeps it if a purge has changed no body", async () => {
    const { site } = openLying(tag);
    const old = await asked(site);
    await purge(site);
    site.clock.advance(1);
    const back = await asked(site, conditionsOf(old));
    expect([back.status, back.fields.get("etag")]).toEqual([304, '"build"']);
    expect(countsOf(site, "lyingValidators")).toEqual({});
  });

  it("asks the origin with the origin's own once it has expired", async () => {
    const { site, texts } = openLying(tag, "max-age=5");
    await asked(site);
    texts.page = "version 2";
    await purge(site);
    const now = await asked(site);
    expect(now.fields.get("etag")).not.toBe('"build"');
    site.clock.advance(7);
    const back = await asked(site, conditionsOf(now));
    expect(back.status).toBe(304);
    expect(site.origin.last.fields.get("if-none-match")).toBe('"build"');
  });

  it("has a content ETag also for new responses after every tier has lost the old one", async () => {
    const { site, far, texts } = openLying(tag, "max-age=5");
    const old = await asked(site);
    texts.page = "version 2";
    await purge(site);
    await asked(site);
    site.clock.advance(2 * 86_400);
    texts.page = "version 3";
    for (const each of [far, site]) {
      const back = await asked(each, conditionsOf(old));
      expect([back.status, back.text, back.fields.get("etag")]).toEqual([
        200,
        "version 3",
        expect.not.stringContaining("build"),
      ]);
    }
  });

  it("is shown to lie by a load between the change and the purge", async () => {
    const { site, texts } = openLying(tag, "max-age=5");
    const old = await asked(site);
    site.clock.advance(6);
    site.origin.script = () => sized(texts.page, cc("max-age=5", { ...tag, "cache-tag": "red" }));
    texts.page = "version 2";
    expect((await asked(site)).text).toBe("version 2");
    await purge(site);
    site.clock.advance(9.5);
    const back = await asked(site, conditionsOf(old));
    expect([back.status, back.text]).toEqual([200, "version 2"]);
  });

  it.each(["a stated", "an unstated"])(
    "has none for a streamed body of %s length",
    async (kind) => {
      const { site, texts } = openLying(tag);
      const stated = site.origin.script;
      site.origin.script = (request, nth) => {
        const answer = stated(request, nth) as Response;
        if (kind === "an unstated") answer.headers.delete("content-length");
        return answer;
      };
      texts.page = "a".repeat(5_000_000);
      const old = await asked(site);
      texts.page = "b".repeat(5_000_001);
      await purge(site);
      for (const _ of ["loaded", "stored"]) {
        const back = await asked(site, conditionsOf(old));
        expect([back.status, back.text.length, back.fields.get("etag")]).toEqual([
          200,
          5_000_001,
          null,
        ]);
      }
    },
  );

  it.each([{}, { vary: "Accept-Encoding" }])("does not lead to 304 unstored: %j", async (vary) => {
    const { site } = openLying({ ...tag, ...vary });
    const old = await asked(site);
    await purge(site);
    site.origin.script = () => page("version 2", cc("no-store", { ...tag, ...vary }));
    for (const _ of ["first", "second", "third"]) {
      const back = await asked(site, conditionsOf(old));
      expect([back.status, back.text, back.fields.get("etag")]).toEqual([200, "version 2", null]);
      site.clock.advance(4);
    }
  });

  it("keeps its mark although another colo could not read it", async () => {
    const { site, far, upstash, texts } = openLying(tag);
    const old = await asked(site);
    texts.page = "version 2";
    await purge(site);
    await asked(site);
    site.clock.advance(20);
    const answer = upstash.answer.bind(upstash);
    let failedCount = 0;
    upstash.answer = (path, body) => {
      const isRead = JSON.stringify(body).includes("GETRANGE");
      if (!isRead || failedCount > 0) return answer(path, body);
      failedCount += 1;
      throw new TypeError("No connection.");
    };
    await asked(far);
    expect(failedCount).toBe(1);
    const env = { COLO: "SYD" };
    const third = openJournalled({ upstash, clock: site.clock, env, origin: site.origin.script });
    const back = await asked(third.site, conditionsOf(old));
    expect([back.status, back.text]).toEqual([200, "version 2"]);
  });

  it.each(["purged", "marked", "invalidated", "of content"])(
    "gets the whole page instead of the rest of an old one: %s",
    async (why) => {
      const validators = why === "of content" ? ("content" as const) : undefined;
      const config = { routes: [{ name: "all", match: "/*", validators }] };
      const texts = { page: "version 1" };
      const fields = cc("max-age=5", { ...tag, "cache-tag": "red" });
      const origin = ({ headers }: Request) => {
        if (headers.get("if-range") !== '"build"') return sized(texts.page, fields);
        const part = { ...fields, "content-range": `bytes 3-8/9` };
        return page(texts.page.slice(3), part, 206);
      };
      const { site } = openJournalled({ config, origin });
      await asked(site);
      texts.page = "version 2";
      if (why === "invalidated") await site.get(url, { method: "POST" });
      else if (why !== "of content") await purge(site);
      if (why === "marked") await asked(site);
      site.clock.advance(why === "marked" ? 2 * 86_400 : 9.5);
      const back = await asked(site, { range: "bytes=3-", "if-range": '"build"' });
      expect([back.status, back.text]).toEqual([200, "version 2"]);
    },
  );

  it("is named by a finding, explain and a count", async () => {
    const { site, texts } = openLying(tag);
    await asked(site);
    texts.page = "version 2";
    await purge(site);
    await asked(site);
    expect(countsOf(site, "lyingValidators")).toEqual({ "lyingValidators|": 1 });
    const told = await site.get(`/_cache/explain?url=${url}`, { headers: bearer });
    expect(told.text).toContain('"findings":["validator-lies"]');
    expect(told.text).not.toContain("etag!content");
    const health = await site.get("/_cache/health", { headers: bearer });
    const { findings } = JSON.parse(health.text) as { findings: { code: string }[] };
    const finding = findings.find(({ code }) => code === "validator-lies");
    expect(finding).toMatchObject({ values: { pages: [url] } });
    const again = [() => purge(site), () => site.get(url, { method: "POST" })];
    for (const end of again) {
      await end();
      await asked(site);
      expect(countsOf(site, "lyingValidators")).toEqual({});
    }
  });
});

describe("an honest ETag that stays the same", () => {
  function openHonest() {
    const fields = cc("max-age=5", { etag: '"v1"' });
    const part = { ...fields, "content-range": "bytes 0-3/9" };
    const origin = ({ headers }: Request) =>
      headers.has("range") ? page("vers", part, 206) : page("version 1", fields);
    return openJournalled({ origin }).site;
  }

  it.each<[id: string, init: AskInit]>([
    ["of HEAD", { method: "HEAD" }],
    ["of a part", { headers: { range: "bytes=0-3" } }],
    ["of a body of unstated length", {}],
  ])("is in the next answer of the origin: %s", async (_id, init) => {
    const site = openHonest();
    await asked(site);
    site.clock.advance(6);
    const seen = await site.get(url, init);
    expect([seen.fields.get("etag"), site.origin.count]).toEqual(['"v1"', 2]);
  });
});

describe("a page that no tier stores, under a lying ETag", () => {
  const fields = cc("max-age=600", { etag: '"build"', "cache-tag": "red" });

  it.each([
    ["a cookie", { cookie: "sid=1" }],
    ["a credential", { "x-api-key": "k" }],
  ])("is new after a purge, also for a client with %s and its own page", async (_id, own) => {
    const texts = { own: "member 1" };
    const isOwn = ({ headers }: Request) => Object.keys(own).some((name) => headers.has(name));
    const origin = (request: Request) => sized(isOwn(request) ? texts.own : "for all", fields);
    const { site } = openJournalled({ origin });
    const unheld = await asked(site, own);
    await asked(site);
    expect((await asked(site, own)).fields.get("etag")).toBeNull();
    texts.own = "member 2";
    await purge(site);
    site.clock.advance(60);
    await asked(site);
    const back = await asked(site, { ...own, ...conditionsOf(unheld) });
    const etag = unheld.fields.get("etag");
    expect([etag, back.status, back.text]).toEqual(['"build"', 200, "member 2"]);
    // A part of the new page would continue the old one.
    await asked(site, { ...own, range: "bytes=3-", "if-range": '"build"' });
    expect(site.origin.last.fields.get("range")).toBeNull();
  });

  it("has none if the length of the stream shows the lie", async () => {
    const texts = { page: "a".repeat(5_000_000) };
    const { site } = openJournalled({
      origin: () => sized(texts.page, { ...fields, ...cc("max-age=5") }),
    });
    await asked(site);
    site.clock.advance(6);
    texts.page += "b";
    const { text, fields: sent } = await asked(site);
    expect([text.length, sent.get("etag")]).toEqual([5_000_001, null]);
  });
});

describe("an invalidation by an unsafe request", () => {
  it("gets a returning browser the new page, before and after the mark", async () => {
    const { site, texts } = openLying({ etag: '"build"' });
    const old = await asked(site);
    for (const text of ["version 2", "version 3"]) {
      texts.page = text;
      await site.get(url, { method: "POST" });
      const back = await asked(site, conditionsOf(old));
      expect([back.status, back.text]).toEqual([200, text]);
    }
  });

  it.each([{}, { vary: "Accept-Encoding" }])(
    "also without the page in memory: %j",
    async (vary) => {
      const { site, upstash, texts } = openLying({ etag: '"build"', ...vary }, "max-age=5");
      const cold = openJournalled({ upstash, clock: site.clock, origin: site.origin.script }).site;
      const old = await asked(site);
      texts.page = "version 2";
      for (const each of vary.vary === undefined ? [cold] : [site, cold]) {
        await each.get(url, { method: "POST" });
        await idle();
        for (const wait of [0, 7]) {
          site.clock.advance(wait);
          const back = await asked(each, conditionsOf(old));
          expect([back.status, back.text]).toEqual([200, "version 2"]);
        }
      }
    },
  );

  it("keeps the mark for all colos", async () => {
    const { site, far, texts } = openLying({ etag: '"build"' });
    const old = await asked(site);
    texts.page = "version 2";
    await purge(site);
    await asked(site);
    await site.get(url, { method: "POST" });
    await idle();
    texts.page = "version 3";
    const back = await asked(far, conditionsOf(old));
    expect([back.status, back.text]).toEqual([200, "version 3"]);
    expect((await asked(site)).text).toBe("version 3");
  });

  it("gives no ETag to a page that has none", async () => {
    const { site } = openLying({});
    await site.get(url, { method: "POST" });
    expect((await asked(site)).fields.has("etag")).toBe(false);
  });
});

describe.each(kinds.slice(1))("an honest $id of a page with other bytes in each answer", (kind) => {
  it("costs one 200 after a purge, and none without", async () => {
    const { site } = openLying({});
    let nth = 0;
    const fields = cc("max-age=5", { ...kind.fields, "cache-tag": "red" });
    site.origin.script = () => sized(`generated in 0.${(nth += 1)} s`, fields);
    let last = await asked(site);
    await purge(site);
    const statuses: number[] = [];
    for (let visit = 0; visit < 6; visit += 1) {
      const back = await asked(site, conditionsOf(last));
      statuses.push(back.status);
      if (back.status === 200) last = back;
      site.clock.advance(7);
    }
    expect(statuses).toEqual([200, 304, 304, 304, 304, 304]);
    expect(last.fields.get("etag")).toMatch(/^W\//);
  });
});

it("invented URLs leave marks within the limit of memory", async () => {
  const config = { limits: { memoryBytes: 200_000 } };
  const { site } = openJournalled({
    config,
    origin: (_, nth) => sized(`page ${nth}`, cc("max-age=600", { etag: '"build"' })),
  });
  const visit = async () => {
    for (let nth = 0; nth < 200; nth += 1) await site.get(`/a?${nth}`);
  };
  await visit();
  await purge(site, { everything: true });
  await visit();
  const { text } = await site.get("/_cache/stats", { headers: bearer });
  const { memory } = JSON.parse(text) as { memory: { bytes: number } };
  expect(memory.bytes).toBeLessThanOrEqual(config.limits.memoryBytes);
});

it('validators: "content" gives browsers an ETag of the body from the first answer', async () => {
  const config = { routes: [{ name: "all", match: "/*", validators: "content" as const }] };
  let body = "version 1";
  const fields = cc("max-age=5", { etag: '"build"', "last-modified": built });
  const origin = ({ headers }: Request) =>
    headers.get("if-none-match") === '"build"' ? unchanged(fields) : page(body, fields);
  const { site } = openJournalled({ config, origin });
  await asked(site);
  const seen = await asked(site);
  expect(seen.fields.get("etag")).toMatch(/^"[\w-]{43}"$/);
  expect(seen.fields.has("last-modified")).toBe(false);
  expect((await asked(site, conditionsOf(seen))).status).toBe(304);
  expect((await asked(site, { "if-none-match": '"build"' })).status).toBe(200);
  expect((await asked(site, { "if-modified-since": built })).status).toBe(200);
  site.clock.advance(6);
  expect((await asked(site, conditionsOf(seen))).status).toBe(304);
  body = "version 2";
  await purge(site, { everything: true });
  expect((await asked(site, conditionsOf(seen))).text).toBe("version 2");
});
