// Tests rule 23 of docs/internals/purge-protocol.md: a response that a hard purge covers, or may cover, is
// requested without conditions. The origins here never change their validator, so a 304 would
// restore the purged body.
import { describe, expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { type AskInit, idle, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";

const poisoned = "poisoned";
const red = { tags: ["red"] };

/** Opens two colos. A test sets the page, whose validator stays the same. */
function openLying(control = "max-age=600", controlOf304 = control) {
  const texts = { page: poisoned };
  const more = { etag: '"1"', "cache-tag": "red" };
  const origin: Script = ({ method, headers }) => {
    if (headers.has("if-none-match")) return unchanged(cc(controlOf304, more));
    return page(method === "HEAD" ? "" : texts.page, cc(control, more));
  };
  const { site, upstash } = openJournalled({ origin });
  const { clock } = site;
  const far = openJournalled({ upstash, clock, env: { COLO: "NRT" }, origin }).site;
  return { site, far, upstash, texts };
}

async function asked(site: Site, init: AskInit = {}, path = "/news/a"): Promise<string> {
  const text = await (await site.ask(path, init)).text();
  await idle();
  return text;
}

async function purge(site: Site, order: object = red): Promise<void> {
  expect((await send(site, order)).status).toBe(200);
  await idle();
}

const wasConditional = (site: Site) => site.origin.last.fields.has("if-none-match");

describe("an unconditional request to the origin", () => {
  it.each([
    { id: "tags", order: red },
    { id: "everything", order: { everything: true } },
  ])("fetches a page that a hard purge covers, in both colos: $id", async ({ order }) => {
    const { site, far, texts } = openLying();
    for (const each of [site, far]) expect(await asked(each)).toBe(poisoned);
    texts.page = "clean";
    await purge(site, order);
    expect([await asked(site), wasConditional(site)]).toEqual(["clean", false]);
    site.clock.advance(9.5);
    expect(await asked(far)).toBe("clean");
  });

  it("fetches a page that a hard purge covers after a HEAD with the same validator", async () => {
    const { site, texts } = openLying();
    await asked(site);
    texts.page = "clean";
    await purge(site);
    await asked(site, { method: "HEAD" });
    expect(site.origin.last.method).toBe("HEAD");
    expect(await asked(site)).toBe("clean");
  });

  it("fetches a page that a hard purge and then a soft purge cover", async () => {
    const { site, texts } = openLying();
    await asked(site);
    texts.page = "clean";
    await purge(site);
    await purge(site, { ...red, mode: "soft" });
    expect(await asked(site)).toBe("clean");
  });

  it("fetches a page that may have been purged while the journal is down", async () => {
    const { site, far, upstash, texts } = openLying();
    for (const each of [site, far]) await asked(each);
    texts.page = "clean";
    upstash.journalMode = "down";
    site.clock.advance(9.5);
    expect([await asked(far), wasConditional(far)]).toEqual(["clean", false]);
  });

  it("fetches a page with a recent 304 if its body and the view are too old", async () => {
    const { site, upstash, texts } = openLying();
    await asked(site);
    site.clock.advance(593);
    await asked(site);
    upstash.journalMode = "down";
    site.clock.advance(8.5);
    await asked(site);
    expect(wasConditional(site)).toBe(true);
    texts.page = "clean";
    site.clock.advance(5);
    expect([await asked(site), wasConditional(site)]).toEqual(["clean", false]);
  });

  it("fetches a page of another colo that a 304 has freshened in this colo", async () => {
    const { site, far, upstash, texts } = openLying("max-age=1", "max-age=600");
    // This request gives the colo a view.
    await asked(far, {}, "/news/b");
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

  it("fetches a page whose stamp is unknown", async () => {
    const { site, upstash, texts } = openLying();
    upstash.journalMode = "down";
    await asked(site);
    texts.page = "clean";
    upstash.journalMode = "works";
    site.clock.advance(601);
    expect([await asked(site), wasConditional(site)]).toEqual(["clean", false]);
  });
});

describe("a conditional request to the origin", () => {
  it("validates an expired response after the renewal of a view that was too old", async () => {
    const { site, upstash } = openLying("max-age=1");
    const gate = closedGate();
    await asked(site);
    site.clock.advance(4);
    await asked(site, {}, "/news/b");
    // The response is recent and from this colo, so only the view is too old.
    site.clock.advance(5.5);
    upstash.beforeJournalAnswer = () => gate.opened;
    const answered = asked(site, {}, "/news/b");
    await idle();
    gate.open();
    await answered;
    expect([site.origin.last.path, wasConditional(site)]).toEqual(["/news/b", true]);
  });
});
