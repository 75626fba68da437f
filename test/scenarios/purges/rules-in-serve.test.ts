// Rules 1 to 4 and 8 to 10, where they live: on the way of a request through the application.
import { describe, expect, it } from "vitest";
import { adminToken, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, openSite, type Site, until } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const red = { tags: ["red"] };
const tagged = (text: string, cacheControl = "max-age=600", more = {}) =>
  page(text, cc(cacheControl, { "cache-tag": "red", ...more }));

const numbered = (_: Request, nth: number) => tagged(`page ${nth}`);

/** The same site in another colo; its origin answers as the first one's does. */
function elsewhere({ site, upstash }: ReturnType<typeof openJournalled>): Site {
  const env = { ADMIN_TOKEN: adminToken, COLO: "NRT" };
  return openSite({ upstash, clock: site.clock, env, origin: site.origin.script });
}

async function purge(site: Site): Promise<void> {
  expect((await send(site, red)).status).toBe(200);
}

/** The first answer of its origin waits for the gate. */
function openGated() {
  const gate = closedGate();
  const origin = async (request: Request, nth: number) => {
    if (nth === 1) await gate.opened;
    return numbered(request, nth);
  };
  return { ...openJournalled({ origin }), gate };
}

/** Past the bound: whoever comes next waits for a renewal. */
const pass = (site: Site) => site.clock.advance(9.001);

const fetched = async (site: Site, path = "/a", init = {}) => (await site.ask(path, init)).text();

describe("rule 1: the stamp is from before the request", () => {
  it("so that a purge while the response is under way covers it, here", async () => {
    const { site, gate } = openGated();
    const first = fetched(site);
    await until(() => site.origin.count === 1);
    await purge(site);
    gate.open();
    expect(await first).toBe("page 1");
    await idle();
    expect(await fetched(site)).toBe("page 2");
  });

  it("and in a colo that has read it before the response came", async () => {
    const gate = closedGate();
    const { site, upstash } = openJournalled({
      origin: async (request, nth) => {
        if (nth === 2) await gate.opened;
        return request.url.includes("other")
          ? page("other", cc("max-age=1"))
          : tagged(`page ${nth}`);
      },
    });
    const other = elsewhere({ site, upstash });
    await other.get("/other");
    const first = fetched(other);
    await until(() => other.origin.count === 2);
    await purge(site);
    pass(other);
    await fetched(other, "/other");
    gate.open();
    expect(await first).toBe("page 2");
    await idle();
    expect(await fetched(other)).toBe("page 4");
  });

  it("a cold isolate's first miss waits for its first view", async () => {
    const gate = closedGate();
    const { site, upstash } = openJournalled({ origin: numbered });
    upstash.beforeJournalAnswer = () => gate.opened;
    const first = fetched(site);
    await idle();
    expect(site.origin.count).toBe(0);
    gate.open();
    expect(await first).toBe("page 1");
    await idle();
    // Its stamp is known, so it outlives N − A.
    for (let turn = 0; turn < 4; turn += 1) {
      pass(site);
      expect((await site.get("/a")).cacheStatus).toContain("; hit");
    }
  });

  it("without a view the stamp is empty, and the response is trusted here for N − A", async () => {
    const { site, upstash } = openJournalled({ origin: numbered });
    upstash.journalMode = "down";
    expect((await site.get("/a")).text).toBe("page 1");
    site.clock.advance(9);
    expect((await site.get("/a")).text).toBe("page 1");
    site.clock.advance(0.001);
    expect((await site.get("/a")).text).toBe("page 2");
  });
});

describe("rule 2: a 304 freshens what was sent, with the stamp of that request", () => {
  const validating = async (onValidation: () => void) => {
    const opened = openJournalled({
      origin: (request, nth) => {
        if (!request.headers.has("if-none-match"))
          return tagged(`page ${nth}`, "max-age=5", { etag: '"1"' });
        onValidation();
        return unchanged(cc("max-age=600"));
      },
    });
    await opened.site.get("/a");
    opened.site.clock.advance(6);
    return opened;
  };

  it("a purge before that request no longer covers it", async () => {
    const { site } = await validating(() => undefined);
    expect((await send(site, { ...red, mode: "soft" })).status).toBe(200);
    pass(site);
    await fetched(site);
    expect(site.origin.last.fields.get("if-none-match")).toBe('"1"');
    await idle();
    const before = site.origin.count;
    pass(site);
    expect(await fetched(site)).toBe("page 1");
    expect(site.origin.count).toBe(before);
  });

  it("a purge during that request does", async () => {
    let purging: Promise<void> | undefined;
    const opened = await validating(() => void (purging ??= purge(opened.site)));
    const { site } = opened;
    await fetched(site);
    await purging;
    await idle();
    const before = site.origin.count;
    await fetched(site);
    expect(site.origin.count).toBe(before + 1);
  });
});

describe("rule 3: in the shared tier metadata and body stay together", () => {
  it("a 304 rewrites metadata alone only beside the body that lies there", async () => {
    const { site, upstash } = openJournalled({
      origin: (request) =>
        request.headers.has("if-none-match")
          ? unchanged()
          : tagged("x".repeat(200_000), "max-age=5", { etag: '"1"', "content-type": "image/webp" }),
    });
    await site.get("/a");
    const other = elsewhere({ site, upstash });
    site.clock.advance(6);
    upstash.written.length = 0;
    await other.get("/a");
    expect(upstash.written).toEqual(["metadata"]);
  });
});

describe("rule 4: stamp, clock and colo travel with a backfill", () => {
  it("so that a purge covers the copy in every tier it has come to", async () => {
    const { site, upstash } = openJournalled({ origin: numbered });
    await site.get("/a");
    const other = elsewhere({ site, upstash });
    other.origin.script = () => tagged("new page");
    expect((await other.get("/a")).cacheStatus).toContain("detail=shared");
    expect((await other.get("/a")).cacheStatus).toContain("detail=memory");
    await purge(site);
    pass(other);
    expect((await other.get("/a")).text).toBe("new page");
  });

  it("and no other colo trusts it for N − A of its own", async () => {
    const { site, upstash } = openJournalled({ origin: () => tagged("page") });
    const other = elsewhere({ site, upstash });
    await other.get("/b");
    await site.get("/a");
    other.origin.script = () => tagged("new page");
    upstash.journalMode = "down";
    site.clock.advance(5);
    expect((await other.get("/a")).cacheStatus).toContain("detail=shared");
    site.clock.advance(4.001);
    expect((await other.get("/a")).text).toBe("new page");
  });
});

describe("rule 8: the bound holds for whatever was not just generated or validated", () => {
  const rows = [
    { id: "fresh", cacheControl: "max-age=600", init: {} },
    {
      id: "stale-while-revalidate",
      cacheControl: "max-age=5, stale-while-revalidate=600",
      init: {},
    },
    { id: "stale-if-error", cacheControl: "max-age=5, stale-if-error=600", init: {} },
    {
      id: "only-if-cached",
      cacheControl: "max-age=600",
      init: { headers: { "cache-control": "only-if-cached" } },
    },
  ];

  it.each(rows)("with the journal gone: $id", async ({ cacheControl, init }) => {
    const { site, upstash } = openJournalled({ origin: () => tagged("page", cacheControl) });
    await site.get("/a");
    upstash.journalMode = "down";
    site.origin.script = unreachable;
    site.clock.advance(9);
    expect((await site.get("/a", init)).text).toBe("page");
    site.clock.advance(0.001);
    expect((await site.get("/a", init)).text).not.toBe("page");
  });

  it.each(rows)("and a hard purge forbids each at once: $id", async ({ cacheControl, init }) => {
    const { site } = openJournalled({ origin: () => tagged("page", cacheControl) });
    await site.get("/a");
    site.clock.advance(6);
    await purge(site);
    site.origin.script = unreachable;
    expect(await fetched(site, "/a", init)).not.toBe("page");
  });
});

describe("rule 9: what followers of a collapse receive is judged", () => {
  it("after a purge meanwhile they go to the origin themselves", async () => {
    const { site, gate } = openGated();
    const leader = fetched(site);
    await until(() => site.origin.count === 1);
    const before = fetched(site);
    await idle();
    await purge(site);
    gate.open();
    expect(await leader).toBe("page 1");
    expect(await before).toBe("page 2");
  });
});

describe("rule 10: the clock is each request's own", () => {
  it("a request that comes past the bound waits, though one before it did not", async () => {
    const { site, upstash } = openJournalled({ origin: numbered });
    await site.get("/a");
    site.clock.advance(1);
    await send(elsewhere({ site, upstash }), red);
    site.clock.advance(3);
    expect(await fetched(site)).toBe("page 1");
    site.clock.advance(5.001);
    expect(await fetched(site)).toBe("page 2");
  });
});
