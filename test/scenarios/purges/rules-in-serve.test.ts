// Tests rules 1 to 4 and 8 to 10 of docs/internals/purge-protocol.md in requests through the application. The
// simulation of requests tests these rules in several colos. A stamp is the last journal entry that
// the isolate knew when it sent a request to the origin.
import { describe, expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, type Site, until } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const red = { tags: ["red"] };
const tagged = (text: string, cacheControl = "max-age=600", more = {}) =>
  page(text, cc(cacheControl, { "cache-tag": "red", ...more }));
const numbered: Script = (_, nth) => tagged(`page ${nth}`);

type Opened = ReturnType<typeof openJournalled>;

/** Opens the same site in another colo, with its own origin. */
const elsewhere = ({ site, upstash }: Opened, origin = site.origin.script): Site =>
  openJournalled({ upstash, clock: site.clock, env: { COLO: "NRT" }, origin }).site;

async function purge(site: Site, order: object = red): Promise<void> {
  expect((await send(site, order)).status).toBe(200);
}

/** Opens a site whose first answer waits for the gate. */
function openGated() {
  const gate = closedGate();
  const origin: Script = async (request, nth) => {
    if (nth === 1) await gate.opened;
    return numbered(request, nth);
  };
  return { ...openJournalled({ origin }), gate };
}

/** Advances past the bound, so that the next request waits for a renewal. */
const pass = (site: Site) => site.clock.advance(9.001);

const fetched = async (site: Site, path = "/a", init = {}) => (await site.ask(path, init)).text();

describe("the stamp from before the request (rule 1)", () => {
  it("lets a purge cover a response whose request is in progress", async () => {
    const { site, gate } = openGated();
    const first = fetched(site);
    await until(() => site.origin.count === 1);
    await purge(site);
    gate.open();
    expect(await first).toBe("page 1");
    await idle();
    expect(await fetched(site)).toBe("page 2");
  });

  it("makes the first miss of a new isolate wait for the first view", async () => {
    const gate = closedGate();
    const { site, upstash } = openJournalled({ origin: numbered });
    upstash.beforeJournalAnswer = () => gate.opened;
    const first = fetched(site);
    await idle();
    expect(site.origin.count).toBe(0);
    gate.open();
    expect(await first).toBe("page 1");
    await idle();
    // The view knows the response's stamp, so the response may answer after N − A.
    for (let turn = 0; turn < 4; turn += 1) {
      pass(site);
      expect((await site.get("/a")).cacheStatus).toContain("; hit");
    }
  });

  it("is empty without a view, so the response answers in this colo for N − A", async () => {
    const { site, upstash } = openJournalled({ origin: numbered });
    upstash.journalMode = "down";
    expect((await site.get("/a")).text).toBe("page 1");
    site.clock.advance(9);
    expect((await site.get("/a")).text).toBe("page 1");
    site.clock.advance(0.001);
    expect((await site.get("/a")).text).toBe("page 2");
  });
});

describe("a response that a 304 freshens with the stamp of its request (rule 2)", () => {
  const validating = async (onValidation: () => void) => {
    const { site } = openJournalled({
      origin: ({ headers }, nth) => {
        if (!headers.has("if-none-match")) {
          return tagged(`page ${nth}`, "max-age=5", { etag: '"1"' });
        }
        onValidation();
        return unchanged(cc("max-age=600"));
      },
    });
    await site.get("/a");
    site.clock.advance(6);
    return site;
  };

  it("is covered by a purge during the validation", async () => {
    let purging: Promise<void> | undefined;
    const site = await validating(() => void (purging ??= purge(site)));
    await fetched(site);
    await purging;
    await idle();
    const before = site.origin.count;
    await fetched(site);
    expect(site.origin.count).toBe(before + 1);
  });
});

it("a 304 rewrites only the metadata of a large body in the shared tier (rule 3)", async () => {
  const fields = { etag: '"1"', "content-type": "image/webp" };
  const opened = openJournalled({
    origin: ({ headers }) =>
      headers.has("if-none-match") ? unchanged() : tagged("x".repeat(200_000), "max-age=5", fields),
  });
  await opened.site.get("/a");
  const other = elsewhere(opened);
  other.clock.advance(6);
  opened.upstash.written.length = 0;
  await other.get("/a");
  expect(opened.upstash.written).toEqual(["metadata"]);
});

describe("a backfilled copy, which keeps stamp, times and colo (rule 4)", () => {
  it("is covered by a purge in the tiers of another colo", async () => {
    const opened = openJournalled({ origin: numbered });
    await opened.site.get("/a");
    const other = elsewhere(opened, () => tagged("new page"));
    expect((await other.get("/a")).cacheStatus).toContain("detail=shared");
    expect((await other.get("/a")).cacheStatus).toContain("detail=memory");
    await purge(opened.site);
    pass(other);
    expect((await other.get("/a")).text).toBe("new page");
  });

  it("does not answer in another colo for a further N − A", async () => {
    const opened = openJournalled({ origin: () => tagged("page") });
    const other = elsewhere(opened, () => tagged("new page"));
    await other.get("/b");
    await opened.site.get("/a");
    opened.upstash.journalMode = "down";
    other.clock.advance(5);
    expect((await other.get("/a")).cacheStatus).toContain("detail=shared");
    other.clock.advance(4.001);
    expect((await other.get("/a")).text).toBe("new page");
  });
});

describe("a stored response (rule 8)", () => {
  const rows = [
    { id: "fresh", control: "max-age=600" },
    { id: "stale-while-revalidate", control: "max-age=5, stale-while-revalidate=600" },
    { id: "stale-if-error", control: "max-age=5, stale-if-error=600" },
    { id: "only-if-cached", control: "max-age=600", init: { headers: cc("only-if-cached") } },
  ];

  it.each(rows)("answers for N − A while the journal is down: $id", async ({ control, init }) => {
    const { site, upstash } = openJournalled({ origin: () => tagged("page", control) });
    await site.get("/a");
    upstash.journalMode = "down";
    site.origin.script = unreachable;
    site.clock.advance(9);
    expect((await site.get("/a", init)).text).toBe("page");
    site.clock.advance(0.001);
    expect((await site.get("/a", init)).text).not.toBe("page");
  });

  it.each(rows)("does not answer after a hard purge: $id", async ({ control, init }) => {
    const { site } = openJournalled({ origin: () => tagged("page", control) });
    await site.get("/a");
    site.clock.advance(6);
    await purge(site);
    site.origin.script = unreachable;
    expect(await fetched(site, "/a", init)).not.toBe("page");
  });
});

it("a follower of a request from before a purge goes to the origin (rule 9)", async () => {
  const { site, gate } = openGated();
  const leader = fetched(site);
  await until(() => site.origin.count === 1);
  const follower = fetched(site);
  await idle();
  await purge(site);
  gate.open();
  expect([await leader, await follower]).toEqual(["page 1", "page 2"]);
});

it("a request waits for a renewal if the view is older than N − A (rule 10)", async () => {
  const opened = openJournalled({ origin: numbered });
  const { site } = opened;
  await site.get("/a");
  site.clock.advance(1);
  await purge(elsewhere(opened));
  site.clock.advance(3);
  expect(await fetched(site)).toBe("page 1");
  site.clock.advance(5.001);
  expect(await fetched(site)).toBe("page 2");
});
