// Rule 23: what a hard purge covers, or may cover, is asked for without conditions. The origins here
// have one validator for whatever they have, so that a 304 would bring back the very body.
import { describe, expect, it } from "vitest";
import { adminToken, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { type AskInit, idle, openSite, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";

const poisoned = "poisoned";

/** Its page is what a test puts there; its validator never changes. */
function openLying(control = "max-age=600", controlOf304 = control) {
  const texts = { page: poisoned };
  const more = { etag: '"1"', "cache-tag": "red" };
  const fields = cc(control, more);
  const origin: Script = (request) => {
    if (request.headers.has("if-none-match")) return unchanged(cc(controlOf304, more));
    return page(request.method === "HEAD" ? "" : texts.page, fields);
  };
  const near = openJournalled({ origin });
  const { clock } = near.site;
  const env = { ADMIN_TOKEN: adminToken, COLO: "NRT" };
  const far = openSite({ upstash: near.upstash, clock, env, origin });
  return { ...near, far, texts };
}

async function asked(site: Site, init: AskInit = {}): Promise<string> {
  const response = await site.ask("/news/a", init);
  const text = await response.text();
  await idle();
  return text;
}

async function purge(site: Site, order: object): Promise<void> {
  expect((await send(site, order)).status).toBe(200);
  await idle();
}

const wasConditional = (site: Site) => site.origin.last.fields.has("if-none-match");

describe("after a hard purge nothing brings the body back", () => {
  it.each([
    { id: "tags", order: { tags: ["red"] } },
    { id: "urls", order: { urls: ["https://www.example.com/news/a"] } },
    { id: "prefixes", order: { prefixes: ["/news/"] } },
    { id: "hosts", order: { hosts: ["www.example.com"] } },
    { id: "everything", order: { everything: true } },
  ])("in the colo that took it, and in another: $id", async ({ order }) => {
    const { site, far, texts } = openLying();
    for (const each of [site, far]) expect(await asked(each)).toBe(poisoned);
    texts.page = "clean";
    await purge(site, order);
    expect([await asked(site), wasConditional(site)]).toEqual(["clean", false]);
    site.clock.advance(9.5);
    expect(await asked(far)).toBe("clean");
  });

  it("by a HEAD that is answered with the same validator", async () => {
    const { site, texts } = openLying();
    await asked(site);
    texts.page = "clean";
    await purge(site, { tags: ["red"] });
    await asked(site, { method: "HEAD" });
    expect(site.origin.last.method).toBe("HEAD");
    expect(await asked(site)).toBe("clean");
  });

  it("also where a soft one follows it", async () => {
    const { site, texts } = openLying();
    await asked(site);
    texts.page = "clean";
    await purge(site, { tags: ["red"] });
    await purge(site, { tags: ["red"], mode: "soft" });
    expect(await asked(site)).toBe("clean");
  });

  it("while the journal is away, however young a 304 makes it", async () => {
    const { site, far, upstash, texts } = openLying();
    for (const each of [site, far]) await asked(each);
    texts.page = "clean";
    upstash.journalMode = "down";
    // Nobody knows what may have been purged by now.
    site.clock.advance(9.5);
    expect([await asked(far), wasConditional(far)]).toEqual(["clean", false]);
  });

  it("of what a 304 has made young: its body is as old as it was", async () => {
    const { site, upstash, texts } = openLying();
    await asked(site);
    site.clock.advance(593);
    await asked(site);
    upstash.journalMode = "down";
    site.clock.advance(8.5);
    await asked(site);
    expect(wasConditional(site)).toBe(true);
    texts.page = "clean";
    // The view is too old by now, and the 304 is not.
    site.clock.advance(5);
    expect([await asked(site), wasConditional(site)]).toEqual(["clean", false]);
  });

  it("of another colo's body that a 304 has freshened here: it is trusted by neither", async () => {
    const { site, far, upstash, texts } = openLying("max-age=1", "max-age=600");
    // Only for its view.
    await far.ask("/news/b");
    await idle();
    site.clock.advance(4);
    await asked(site);
    upstash.journalMode = "down";
    far.clock.advance(2);
    await asked(far);
    expect(wasConditional(far)).toBe(true);
    texts.page = "clean";
    far.clock.advance(4);
    expect(await asked(far)).toBe("clean");
  });

  it("where nobody knows its stamp", async () => {
    const { site, upstash, texts } = openLying();
    upstash.journalMode = "down";
    await asked(site);
    texts.page = "clean";
    upstash.journalMode = "works";
    site.clock.advance(601);
    expect([await asked(site), wasConditional(site)]).toEqual(["clean", false]);
  });
});

describe("is validated all the same", () => {
  it("what a soft purge covers", async () => {
    const { site } = openLying();
    await asked(site);
    await purge(site, { tags: ["red"], mode: "soft" });
    await asked(site);
    expect(wasConditional(site)).toBe(true);
  });

  it("what has expired", async () => {
    const { site } = openLying();
    await asked(site);
    site.clock.advance(601);
    await asked(site);
    expect(wasConditional(site)).toBe(true);
  });

  it("what has expired, once a view that is too old is renewed", async () => {
    const { site, upstash } = openLying("max-age=1");
    const gate = closedGate();
    await asked(site);
    site.clock.advance(4);
    await (await site.ask("/news/b")).text();
    await idle();
    // Of this colo and young, so that only the view is in doubt.
    site.clock.advance(5.5);
    upstash.beforeJournalAnswer = () => gate.opened;
    const answered = site.ask("/news/b");
    await idle();
    gate.open();
    await (await answered).text();
    expect([site.origin.last.path, wasConditional(site)]).toEqual(["/news/b", true]);
  });
});
