// Tests purges of bodies in slices: rule 23 of docs/internals/purge-protocol.md, and answers under way. The
// validator of this origin never changes, so `If-Range` alone would mix two bodies.
import { describe, expect, it } from "vitest";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import {
  answered,
  bytesOf,
  getSliced,
  rangesAsked,
  received,
  sliceBytes,
  slicedOptions,
  slicedOrigin,
  totalBytes,
} from "./sliced-origin.ts";

const urls = ["https://www.example.com/v"];

function open() {
  const origin = slicedOrigin({ tag: () => '"always"' });
  return { origin, ...openJournalled(slicedOptions(origin)) };
}

describe("a hard purge", () => {
  it.each([
    { id: "url", order: { urls } },
    { id: "tag", order: { tags: ["films"] } },
    { id: "everything", order: { everything: true } },
  ])("ends all slices, and the origin does not get the old validator: $id", async ({ order }) => {
    const { origin, site } = open();
    origin.fields = { ...origin.fields, "cache-tag": "films" };
    await getSliced(site);
    origin.version = 2;
    expect((await send(site, order)).status).toBe(200);
    site.origin.asked.length = 0;
    expect(Buffer.compare((await getSliced(site)).bytes, bytesOf(2))).toBe(0);
    expect(rangesAsked(site)).toHaveLength(6);
    const { fields } = site.origin.asked[0]!;
    expect([fields.get("if-none-match"), fields.get("if-range")]).toEqual([null, null]);
  });

  it("withholds the validator of a body of another length, and its slices are stored", async () => {
    const { origin, site } = open();
    await getSliced(site);
    origin.version = 2;
    origin.length = totalBytes + 500;
    await send(site, { urls });
    for (const count of [1, 0, 0]) {
      site.origin.asked.length = 0;
      const seen = await getSliced(site, "bytes=0-99", { "if-none-match": '"always"' });
      expect([seen.status, seen.fields.get("etag")]).toEqual([206, null]);
      expect(rangesAsked(site)).toHaveLength(count);
    }
    const mixed = await getSliced(site, "bytes=100-199", { "if-range": '"always"' });
    expect([mixed.status, mixed.bytes.length]).toEqual([200, totalBytes + 500]);
  });

  it("between two slices cuts the body off, instead of asking with the old validator", async () => {
    const { origin, site } = open();
    const reading = await site.ask("/v");
    const reader = reading.body!.getReader();
    const first = await reader.read();
    await idle();
    origin.version = 2;
    await send(site, { urls });
    const before = site.origin.count;
    const chunks = [first.value!];
    await expect(async () => {
      for (;;) chunks.push((await reader.read()).value!);
    }).rejects.toThrow("ended");
    expect(site.origin.count).toBe(before);
    const bytes = Buffer.concat(chunks);
    expect(Buffer.compare(bytes, bytesOf(1).slice(0, bytes.length))).toBe(0);
  });

  it("while a slice is on its way drops this slice", async () => {
    const { origin, site } = open();
    await getSliced(site, "bytes=0-0");
    const gate = closedGate();
    origin.change = async (answer) => {
      await gate.opened;
      return answer;
    };
    origin.version = 2;
    const asking = site.ask("/v").then(received);
    await idle();
    expect(site.origin.last.fields.get("if-range")).toBe('"always"');
    await send(site, { urls });
    gate.open();
    const seen = await asking;
    expect([seen.isCut, seen.bytes.length]).toEqual([true, sliceBytes]);
    await site.settle();
    expect(Buffer.compare((await getSliced(site)).bytes, bytesOf(2))).toBe(0);
  });

  it("while the first slice of a stale body is on its way ends its stored slices", async () => {
    const { origin, site } = open();
    await getSliced(site);
    site.clock.advance(601);
    const gate = closedGate();
    // This origin ignores `If-None-Match`, and sends the body late.
    origin.change = (_, { url, headers: asked }) => {
      const unconditional = new Headers(asked);
      unconditional.delete("if-none-match");
      const answer = answered(new Request(url, { headers: unconditional }), origin);
      const { status, headers, body } = answer;
      const late = body!.pipeThrough(new TransformStream({ start: () => gate.opened }));
      return new Response(late, { status, headers });
    };
    const asking = site.ask("/v").then(received);
    await idle();
    expect(site.origin.last.fields.get("range")).toBe(`bytes=0-${sliceBytes - 1}`);
    delete origin.change;
    origin.version = 2;
    await send(site, { urls });
    gate.open();
    expect(Buffer.compare((await asking).bytes, bytesOf(2))).toBe(0);
  });

  it("in another colo takes effect within N", async () => {
    const { origin, site, upstash } = open();
    const { clock } = site;
    const options = { ...slicedOptions(origin), upstash, clock, env: { COLO: "NRT" } };
    const far = openJournalled(options).site;
    for (const each of [site, far]) await getSliced(each);
    origin.version = 2;
    await send(site, { urls });
    clock.advance(9.5);
    expect(Buffer.compare((await getSliced(far)).bytes, bytesOf(2))).toBe(0);
  });
});

it("a soft purge during the wait for the first slice makes the head stale for this answer", async () => {
  const { origin, site } = open();
  await getSliced(site, "bytes=0-0");
  const gate = closedGate();
  origin.change = (answer) => gate.opened.then(() => answer);
  const asking = site.ask("/v", { headers: { range: "bytes=70000-70003" } }).then(received);
  await idle();
  origin.version = 2;
  await send(site, { urls, mode: "soft" });
  gate.open();
  const seen = await asking;
  await site.settle();
  expect(seen.bytes).toEqual(Buffer.from(bytesOf(2).slice(70_000, 70_004)));
});

it("without a readable journal, ranges are forwarded as without slices", async () => {
  const { site, upstash } = open();
  upstash.mode = "down";
  const seen = await getSliced(site, "bytes=70000-70003");
  expect([seen.status, seen.isCut, rangesAsked(site)]).toEqual([206, false, ["bytes=70000-70003"]]);
  expect((await getSliced(site)).isCut).toBe(false);
});

describe("a large body from before a purge", () => {
  /** The first slice has the first Age, and each later slice the second. */
  function openAged(...ages: readonly [string, string]) {
    const origin = slicedOrigin({ tag: () => '"always"' });
    origin.change = (answer, { headers }) => {
      const isFirst = !/bytes=[1-9]/.test(headers.get("range") ?? "");
      answer.headers.set("age", ages[isFirst ? 0 : 1]);
      return answer;
    };
    return { origin, ...openJournalled(slicedOptions(origin)) };
  }

  it("is not stored in slices, but answers its own client", async () => {
    const { site, origin } = openAged("600", "600");
    await send(site, { urls });
    for (const _ of ["first", "second"]) {
      const { bytes, isCut } = await getSliced(site);
      expect([bytes.length, isCut]).toEqual([totalBytes, false]);
    }
    expect(site.cache.puts).toBe(0);
    origin.change = (answer) => answer;
    site.clock.advance(11);
    site.origin.asked.length = 0;
    await getSliced(site);
    expect(rangesAsked(site)).toHaveLength(6);
  });

  it("is never mixed with slices from after it", async () => {
    const { site } = openAged("1", "600");
    await send(site, { urls });
    site.clock.advance(60);
    const { bytes, isCut } = await getSliced(site);
    expect([bytes.length, isCut]).toEqual([sliceBytes, true]);
  });

  it("does not end the slices of the newer one", async () => {
    const origin = slicedOrigin({ version: 2 });
    const { site } = openJournalled(slicedOptions(origin));
    await send(site, { urls });
    site.clock.advance(60);
    await getSliced(site, "bytes=0-9");
    origin.version = 1;
    origin.change = (answer) => {
      answer.headers.set("age", "600");
      return answer;
    };
    await getSliced(site, "bytes=70000-70009");
    site.clock.advance(11);
    site.origin.asked.length = 0;
    const { bytes } = await getSliced(site, "bytes=0-9");
    expect([[...bytes], rangesAsked(site)]).toEqual([[...bytesOf(2).subarray(0, 10)], []]);
  });
});
