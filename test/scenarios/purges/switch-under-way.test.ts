// Tests requests that began before a post of the switch (docs/internals/purge-protocol-special.md, rule 24). Each
// gets its answer, which is not stored. Also tests the fields of a bypassed request.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import {
  closedGate,
  type Gate,
  page,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { idle, read, type Site, until } from "../../../testing/site/harness.ts";
import { bypassed, postSwitch } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const config: ConfigInput = {
  routes: [
    { name: "articles", match: "/articles/*", fresh: "1h" },
    { name: "swift", match: "/swift/*", fresh: "10s", staleWhileRevalidate: "1h" },
  ],
  limits: { bufferBytes: 1_048_576 },
};

const post = async (site: Site, bypass: unknown) =>
  expect((await postSwitch(site, { bypass })).status).toBe(200);

/** Opens colos whose origin waits for the gate once `close` was called. */
function open() {
  let gate: Gate | undefined;
  const colos = new TwoColos(config, async ({ headers }, nth) => {
    await gate?.opened;
    if (headers.has("if-none-match")) return unchanged({ etag: '"1"' });
    return page(`version ${nth}`, { etag: '"1"' });
  });
  const { near } = colos;
  const isAsked = (count: number) => until(() => near.origin.count === count);
  return { colos, near, close: () => (gate = closedGate()), isAsked };
}

describe("a request in progress when the switch is posted", () => {
  it("gets its answer, which is stored nowhere", async () => {
    const { colos, near, close, isAsked } = open();
    const gate = close();
    const asking = ask(near, "/articles/1");
    await isAsked(1);
    await post(near, true);
    gate.open();
    const cacheStatus = "tidemark; fwd=uri-miss; fwd-status=200; detail=switch";
    expect(await asking).toMatchObject({ text: "version 1", cacheStatus });
    await post(near, false);
    expect(colos.upstash.keys).toEqual([]);
    expect((await ask(near, "/articles/1")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("gets an answer that is stored if the switch does not name the route", async () => {
    const { near, close, isAsked } = open();
    const gate = close();
    const asking = ask(near, "/articles/1");
    await isAsked(1);
    await post(near, ["swift"]);
    gate.open();
    await asking;
    expect((await ask(near, "/articles/1")).isHit).toBe(true);
  });

  it.each([10, 3_000_000])("gets %i bytes that are not stored if they end later", async (bytes) => {
    const gate = closedGate();
    const half = new Uint8Array(bytes / 2);
    const { near, upstash } = new TwoColos(config, () => {
      let count = 0;
      const body = new ReadableStream({
        async pull(controller) {
          if (count > 0) await gate.opened;
          count += 1;
          if (count > 2) controller.close();
          else controller.enqueue(half);
        },
      });
      return new Response(body);
    });
    const reading = read(await near.ask("/articles/1"));
    await idle();
    await post(near, true);
    gate.open();
    expect((await reading).text).toHaveLength(bytes);
    await idle();
    await post(near, false);
    expect(upstash.keys).toEqual([]);
    expect((await ask(near, "/articles/1")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("does not freshen the stored response if it is a background validation", async () => {
    const { colos, near, close, isAsked } = open();
    await ask(near, "/swift/1");
    await colos.pass(11);
    const gate = close();
    expect((await ask(near, "/swift/1")).cacheStatus).toContain("hit; ttl=-1");
    await isAsked(2);
    await post(near, true);
    gate.open();
    await idle();
    await post(near, false);
    expect((await ask(near, "/swift/1")).cacheStatus).toContain("hit; ttl=-1");
  });

  it("does not answer its followers, which go to the origin themselves", async () => {
    const { near, close, isAsked } = open();
    const gate = close();
    const asking = [ask(near, "/articles/1"), ask(near, "/articles/1")];
    await isAsked(1);
    await idle();
    await post(near, true);
    gate.open();
    const texts = (await Promise.all(asking)).map(({ text }) => text);
    // The answer to an anonymous request between them also has no other client.
    expect(texts.toSorted()).toEqual(["version 1", "version 3"]);
  });
});

it.each([
  { id: "conditions", headers: { "if-none-match": '"1"' }, status: 304 },
  { id: "a range", headers: { range: "bytes=0-1" }, status: 200 },
  { id: "the method HEAD", headers: {}, method: "HEAD", status: 200 },
])("a bypassed request keeps $id", async ({ headers, method = "GET", status }) => {
  const { near } = open();
  await ask(near, "/articles/1");
  await post(near, true);
  const seen = await read(await near.ask("/articles/1", { method, headers }));
  expect([seen.status, seen.cacheStatus]).toEqual([status, bypassed.replace("200", `${status}`)]);
  const { method: sent, fields } = near.origin.last;
  expect(sent).toBe(method);
  for (const [name, value] of Object.entries(headers)) expect(fields.get(name)).toBe(value);
});
