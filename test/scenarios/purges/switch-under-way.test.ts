// What is under way when the switch is thrown (rule 24): it answers whoever waits for it, and from then
// on nothing of it is stored. And what a bypassed request brings to its origin, and takes from it.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import {
  closedGate,
  cc,
  chunked,
  page,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { idle, read, type Site, until } from "../../../testing/site/harness.ts";
import { postSwitch } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const config: ConfigInput = {
  routes: [
    { name: "articles", match: "/articles/*", fresh: "1h" },
    { name: "swift", match: "/swift/*", fresh: "10s", staleWhileRevalidate: "1h" },
  ],
};

const bypassed = "tidemark; fwd=bypass; fwd-status=200; detail=switch";

/** Throws the switch, which is taken. */
const post = async (site: Site, bypass: unknown) =>
  expect(await postSwitch(site, bypass)).toBe(200);

/** A site whose origin answers once the gate is open, if there is one. */
function open() {
  const colos = new TwoColos(config, async ({ headers }) => {
    const nth = (asked += 1);
    await gate?.opened;
    if (headers.has("if-none-match")) return unchanged({ etag: '"1"' });
    return page(`version ${nth}`, { etag: '"1"' });
  });
  let asked = 0;
  let gate: ReturnType<typeof closedGate> | undefined;
  return {
    colos,
    near: colos.near,
    close: () => (gate = closedGate()),
    isAsked: (count: number) => until(() => asked === count),
  };
}

describe("what is under way when the switch is thrown", () => {
  it("answers its client, and is stored nowhere", async () => {
    const { colos, near, close, isAsked } = open();
    const gate = close();
    const asking = ask(near, "/articles/1");
    await isAsked(1);
    await post(near, true);
    gate.open();
    expect(await asking).toMatchObject({
      text: "version 1",
      cacheStatus: "tidemark; fwd=uri-miss; fwd-status=200; detail=switch",
    });
    await post(near, false);
    expect(colos.upstash.keys).toEqual([]);
    expect((await ask(near, "/articles/1")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("is stored as ever on a route that was not named", async () => {
    const { near, close, isAsked } = open();
    const gate = close();
    const asking = ask(near, "/articles/1");
    await isAsked(1);
    await post(near, ["swift"]);
    gate.open();
    await asking;
    expect((await ask(near, "/articles/1")).isHit).toBe(true);
  });

  it.each([{ bytes: 10 }, { bytes: 3_000_000 }])(
    "is not stored where its $bytes bytes end after that",
    async ({ bytes }) => {
      const gate = closedGate();
      const colos = new TwoColos({ ...config, limits: { bufferBytes: 1_048_576 } }, () => {
        const half = "x".repeat(bytes / 2);
        const source = chunked([half, half]).getReader();
        let count = 0;
        const body = new ReadableStream({
          async pull(controller) {
            if (count > 0) await gate.opened;
            count += 1;
            const { value } = await source.read();
            if (value === undefined) controller.close();
            else controller.enqueue(value);
          },
        });
        return new Response(body);
      });
      const { near } = colos;
      const asking = near.ask("/articles/1");
      const answer = await asking;
      const reading = read(answer);
      await idle();
      await post(near, true);
      gate.open();
      expect((await reading).text).toHaveLength(bytes);
      await idle();
      await post(near, false);
      expect(colos.upstash.keys).toEqual([]);
      expect((await ask(near, "/articles/1")).cacheStatus).toContain("fwd=uri-miss");
    },
  );

  it("as a refresh behind a stale answer changes nothing", async () => {
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
    // A 304 came, and would have made it fresh.
    expect((await ask(near, "/swift/1")).cacheStatus).toContain("hit; ttl=-1");
  });

  it("is not shared with those who wait for the same: each asks for itself", async () => {
    const { near, close, isAsked } = open();
    const gate = close();
    const asking = [ask(near, "/articles/1"), ask(near, "/articles/1")];
    await isAsked(1);
    await idle();
    await post(near, true);
    gate.open();
    const texts = (await Promise.all(asking)).map(({ text }) => text);
    // An anonymous request in between is not shared either.
    expect(texts.toSorted()).toEqual(["version 1", "version 3"]);
  });
});

describe("a bypassed request", () => {
  const bypassing = async () => {
    const opened = open();
    await ask(opened.near, "/articles/1");
    await post(opened.near, true);
    const { near } = opened;
    const seen = async (init: Parameters<Site["ask"]>[1]) =>
      read(await near.ask("/articles/1", init));
    return { near, seen };
  };

  it("brings its own conditions and range to the origin", async () => {
    const { near, seen } = await bypassing();
    const conditional = await seen({ headers: { "if-none-match": '"1"' } });
    expect([conditional.status, conditional.cacheStatus]).toEqual([
      304,
      "tidemark; fwd=bypass; fwd-status=304; detail=switch",
    ]);
    await seen({ headers: { range: "bytes=0-1" } });
    expect(near.origin.last.fields.get("range")).toBe("bytes=0-1");
  });

  it("may be a HEAD", async () => {
    const { near, seen } = await bypassing();
    expect((await seen({ method: "HEAD" })).cacheStatus).toBe(bypassed);
    expect(near.origin.last.method).toBe("HEAD");
  });

  it("that wants a stored response or none gets none", async () => {
    const { near, seen } = await bypassing();
    expect((await seen({ headers: cc("only-if-cached") })).status).toBe(504);
    expect(near.origin.count).toBe(1);
  });
});
