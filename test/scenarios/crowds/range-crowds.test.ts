// Tests range requests for pages that are not stored. If the origin is known to ignore ranges,
// Tidemark requests the whole body once and cuts all ranges from it. Other ranges are forwarded.
import { describe, expect, it, vi } from "vitest";
import { openSite, read, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import {
  cc,
  chunked,
  closedGate,
  type FieldTexts,
  page,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

const whole = "0123456789".repeat(10);
const fields = cc("max-age=60", { "content-length": String(whole.length) });
const entire = () => new Response(chunked([whole]), { headers: fields });
const asking = (range: string) => ({ headers: { range } });

/** Opens a site that streams a body while storing it, because the buffer is small. */
function openStreaming(options: SiteOptions = {}): Site {
  return openSite({ config: { limits: { bufferBytes: 8 } }, origin: entire, ...options });
}

/** Opens a site whose origin has ignored a range. The stored body has expired. */
async function openLearnt(options: SiteOptions = {}): Promise<Site> {
  const site = openStreaming(options);
  await site.get("/a", asking("bytes=0-1"));
  site.clock.advance(61);
  return site;
}

async function crowd(site: Site, size = 20) {
  const asked = Array.from({ length: size }, async (_, at) =>
    read(await site.ask("/a", asking(`bytes=${at}-${at + 1}`))),
  );
  return (await Promise.all(asked)).map(({ status, text }) => `${status} ${text}`);
}

/**
 * Sets the origin's answer, and returns a list of the ranges that the origin is asked for from now
 * on.
 */
function rangesAsked(site: Site, answer = entire): (string | null)[] {
  const ranges: (string | null)[] = [];
  site.origin.script = ({ headers }) => {
    ranges.push(headers.get("range"));
    return answer();
  };
  return ranges;
}

const parts = Array.from({ length: 20 }, (_, at) => `206 ${whole.slice(at, at + 2)}`);

describe("ranges that the origin has ignored before", () => {
  it("are cut from the whole body, which one request without a range brings", async () => {
    const site = await openLearnt();
    const ranges = rangesAsked(site);
    expect(await crowd(site)).toEqual(parts);
    expect(ranges).toEqual([null]);
  });

  it("are cut from a buffered whole body", async () => {
    const site = await openLearnt({ config: {} });
    const before = site.origin.count;
    expect(await crowd(site)).toEqual(parts);
    expect(site.origin.count - before).toBe(1);
  });

  it("do not wait for a client that does not read", async () => {
    const site = await openLearnt();
    const slow = await site.ask("/a");
    const seen = await read(await site.ask("/a", asking("bytes=5-6")));
    expect([seen.status, seen.text]).toEqual([206, "56"]);
    await slow.body?.cancel();
  });

  it("are cut from a new whole body after the first has expired", async () => {
    const site = await openLearnt();
    await crowd(site);
    site.clock.advance(61);
    const before = site.origin.count;
    expect(await crowd(site)).toEqual(parts);
    expect(site.origin.count - before).toBe(1);
  });

  it("wait for the whole body again after the origin has failed once", async () => {
    const site = await openLearnt();
    site.origin.script = ({ headers }) => (headers.has("range") ? entire() : unreachable());
    await site.get("/a", asking("bytes=0-1"));
    site.clock.advance(61);
    site.origin.script = entire;
    expect((await site.get("/a", asking("bytes=0-1"))).status).toBe(206);
  });

  it("are forwarded again after the whole body was private", async () => {
    const site = await openLearnt();
    site.origin.script = ({ headers }) =>
      headers.has("range") ? entire() : page("for you", cc("private"));
    await site.get("/a", asking("bytes=0-1"));
    const ranges = rangesAsked(site);
    site.clock.advance(61);
    await site.get("/a", asking("bytes=0-1"));
    expect(ranges).toEqual(["bytes=0-1"]);
  });
});

describe("a range for an origin that is not known to ignore ranges", () => {
  const other = '"2"';

  it.each<[id: string, headers: FieldTexts, status?: number]>([
    ["a range and a 206", { range: "bytes=0-1" }, 206],
    ["a range of the whole body", { range: "bytes=0-" }],
    ["several ranges", { range: "bytes=0-1,5-6" }],
    ["a range beyond the end", { range: "bytes=100-" }],
    ["If-Range", { range: "bytes=0-1", "if-range": other }],
    ["a condition and a range", { range: "bytes=0-1", "if-none-match": other }],
  ])("is forwarded after an earlier request with %s", async (_, headers, status = 200) => {
    const partial = { ...fields, "content-range": "bytes 0-1/100", "content-length": "2" };
    const site = openStreaming({
      origin: () => (status === 206 ? page("01", partial, 206) : entire()),
    });
    await site.get("/a", { headers });
    site.clock.advance(61);
    const ranges = rangesAsked(site, () => page("01", partial, 206));
    const seen = await site.get("/a", asking("bytes=0-1"));
    expect([seen.text, ranges]).toEqual(["01", ["bytes=0-1"]]);
  });
});

describe("waits for the whole body", () => {
  playTimers();

  it("end after ten seconds, and happen only once", async () => {
    const site = await openLearnt();
    const gate = closedGate();
    site.origin.script = async ({ headers }) => {
      if (!headers.has("range")) await gate.opened;
      return entire();
    };
    const asked = site.ask("/a", asking("bytes=0-1")).then(read);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await asked).text).toBe(whole);
    // No timer runs any more, so this request does not wait.
    expect((await site.ask("/a", asking("bytes=0-1")).then(read)).text).toMatch(/^01/);
    gate.open();
    await site.settle();
  });

  it.each([
    { id: "a unit in capitals, which some origins ignore", range: "BYTES=0-1", sent: "bytes=0-1" },
    { id: "white space", range: "bytes= 0-1", sent: "bytes=0-1" },
    { id: "a long number", range: "bytes=1-9999999999999999", sent: "bytes=1-" },
  ])("is forwarded in the form that all origins read: $id", async ({ range, sent }) => {
    const site = openStreaming();
    const ranges = rangesAsked(site);
    await site.get("/a", asking(range));
    expect(ranges).toEqual([sent]);
  });
});
