// Tests the explain route, as JSON and as text, with pages that are never hits although their operator
// expects hits. Also tests the notes of earlier requests that explain uses.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import {
  explained,
  explainedText,
  explainToken,
  questionOf,
} from "../../../../testing/site/explained.ts";
import { type AskInit, idle, openSite, type Site } from "../../../../testing/site/harness.ts";
import { riddlesOfLifetimes } from "./planted-lifetimes.ts";
import { bearer, fresh, type Riddle, riddles, saying, url } from "./planted-riddles.ts";

async function planted(riddle: Riddle) {
  const clock = new FakeClock();
  const origin: Script = (request, nth) => riddle.origin(request, nth, clock);
  const config = { ...riddle.config, ...(riddle.routes && { routes: riddle.routes }) };
  const site = openSite({
    clock,
    origin,
    upstash: new FakeUpstash(clock),
    config: config as unknown as ConfigInput,
    env: { ADMIN_TOKEN: explainToken, SITE_HOST: "www.example.com", ...riddle.env },
  });
  const answers: string[] = [];
  for (let nth = 1; nth <= 3; nth += 1) {
    await riddle.before?.(site);
    const { url: own = url, ...init } = riddle.client?.(nth) ?? {};
    const response = await site.ask(own, init);
    answers.push(response.headers.get("cache-status") ?? "");
    // A truncated body is an error for its client.
    await response.text().catch(() => undefined);
    await idle();
  }
  await riddle.before?.(site);
  return { site, answers };
}

describe("the explanation of a page that is never a hit", () => {
  const rows = [...riddles, ...riddlesOfLifetimes].map((riddle) => [riddle.id, riddle] as const);

  it.each(rows)("names the cause: %s", async (_id, riddle) => {
    const { site, answers } = await planted(riddle);
    expect(answers.filter((status) => status.includes("; hit"))).toEqual([]);
    const { url: asked = url, ...init } = riddle.question ?? {};
    const json = `/_cache/explain?${questionOf(asked, init)}`;
    const told = await (await site.ask(json, { headers: bearer })).text();
    const text = await explainedText(site, asked, init);
    expect(JSON.parse(told)).toMatchObject(riddle.told);
    for (const said of riddle.says ?? []) expect(text).toMatch(said);
    for (const said of riddle.never ?? []) expect(text).not.toMatch(said);
    expect(text).not.toMatch(/the journal was empty|\{\w+\}/);
    expect(told + text).not.toContain("s3cretvalue");
  });
});

describe("the explanation of a page with earlier requests", () => {
  const open = (origin: Script, config: object = {}) =>
    openSite({
      origin,
      config: config as unknown as ConfigInput,
      env: { ADMIN_TOKEN: explainToken },
    });
  const renewed = (first: string, then: Record<string, string>): Script => {
    const etag = '"1"';
    return (_, nth) =>
      nth === 1
        ? page("page", cc(first, { etag }))
        : new Response(null, { status: 304, headers: { etag, ...then } });
  };
  /** Returns the last response after two requests, of which the second is for a stale page. */
  const lastOf = async (site: Site) => {
    await site.get(url);
    site.clock.advance(5);
    await site.get(url);
    return (await explained(site, url)).look?.last;
  };

  it("advises to request the page if there was no request", async () => {
    const text = await explainedText(open(fresh), url);
    expect(text).toContain("no stored response fits the request (RFC 9111 §4).\n");
    expect(text).toContain("remembers no answer for it. Request the page");
    expect(text).toContain("Tidemark-Debug");
  });

  it("omits responses older than the stored response that answers", async () => {
    const site = open((_, nth) => page("page", cc(nth === 1 ? "private" : "max-age=60")));
    await site.get(url);
    await site.get(url);
    expect((await explained(site, url)).look?.last).toBeUndefined();
    expect(await explainedText(site, url)).not.toContain("private");
  });

  it("names other keys of the page even if the page is a hit", async () => {
    const site = open(fresh);
    for (const nth of [1, 2, 3]) await site.get(`${url}?mailing=${nth}`);
    const { look, next } = await explained(site, `${url}?mailing=3`);
    expect(next).toBe("answer");
    expect(look?.nearest).toMatchObject({ count: 2, differences: [{ of: "query" }] });
  });

  it("shows no cookie values if the page varies by Cookie", async () => {
    const site = open(saying("public, max-age=300", { vary: "Cookie" }));
    await site.get(url, { headers: { cookie: "session=s3cretvalue; alone" } });
    const init = { headers: { cookie: "session=0therva1ue" } };
    const text = await explainedText(site, url, init);
    expect(text).toContain("vary cookie: you sent a value; the stored key has another.");
    expect(text).not.toMatch(/s3cretvalue|0therva1ue|alone/);
  });

  it("reports an earlier bypass by Authorization even for a hit, but reports no earlier POST", async () => {
    const site = open(fresh);
    await site.get(url);
    await site.get(url, { headers: { authorization: "Basic eDp5" } });
    expect((await explained(site, url)).look?.lastPassed?.isMadePrivate).toBe(true);
    const { look, next } = await explained(site, url);
    expect([next, look?.lastPassed?.rule]).toEqual(["answer", "authorization"]);
    await site.get("/b", { method: "POST" });
    site.clock.advance(1);
    await site.get("/b");
    expect((await explained(site, "/b")).look?.lastPassed).toBeUndefined();
  });

  it("reports that an unknown cookie prevented storing only if the explained request has a cookie", async () => {
    const site = open(fresh);
    const withCookie = { headers: { cookie: "session=1" } };
    await site.get(url);
    await site.get(url, withCookie);
    const rule = (init: AskInit) =>
      explained(site, url, init).then(({ look }) => look?.last?.notStored?.rule);
    expect([await rule({}), await rule(withCookie)]).toEqual([undefined, "unknown-cookie"]);
  });

  it("reports the rule that prevented storing, and that Tidemark added private", async () => {
    const site = open(() => page("page"));
    await site.get(url, { headers: { cookie: "session=1" } });
    const { look } = await explained(site, url);
    expect(look?.last).toMatchObject({ notStored: { rule: "no-use" }, isMadePrivate: true });
  });

  it("reports why a 304 did not freshen the page", async () => {
    const site = open(renewed("max-age=1", cc("private")));
    const last = { notStored: { rule: "private" }, isReportedStored: false };
    expect(await lastOf(site)).toMatchObject(last);
  });

  it.each([
    ["max-age=1", true],
    ["private", false],
  ])(
    "reports after a 304 with %s whether Tidemark added private to the answer: %s",
    async (said, isMadePrivate) => {
      const site = open(renewed("max-age=1", cc(said, { "set-cookie": "a=1" })));
      const last = { notStored: { rule: "set-cookie" }, isMadePrivate };
      expect(await lastOf(site)).toMatchObject(last);
    },
  );

  it("reports that the origin, not Tidemark, made a bypassed response private", async () => {
    const site = open(saying("private"));
    await site.get(url, { headers: { authorization: "Basic eDp5" } });
    expect((await explained(site, url)).look?.lastPassed?.isMadePrivate).toBe(false);
  });

  it("reports that no client received the Cache-Status of a refresh", async () => {
    const swr = cc("max-age=1, stale-while-revalidate=60");
    const site = open((_, nth) => page(nth === 1 ? "page" : "x".repeat(1_200_000), swr), {
      routes: [{ name: "all", match: "*", tiers: ["memory"] }],
    });
    await site.get(url);
    site.clock.advance(5);
    await site.get(url);
    site.clock.advance(600);
    const { look } = await explained(site, url);
    expect(look?.last).toMatchObject({ notStored: { rule: "too-large" }, isReportedStored: false });
  });

  it("ignores the response to HEAD", async () => {
    const site = open(saying("private"));
    await site.get(url);
    await site.get(url, { method: "HEAD" });
    expect((await explained(site, url)).look?.last?.notStored?.rule).toBe("private");
  });
});
