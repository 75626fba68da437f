// Tests large bodies in R2: which bodies are stored there, how other colos read them, ranges and purges.
// Needs parts: global-collapse.
import { afterEach, describe, expect, it, vi } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import type { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import type { Seen } from "../../../testing/site/harness.ts";
import { send } from "../../../testing/site/purge-sender.ts";
import { bodyOf, hour, mebibyte, mixes, openOverR2, sizes } from "./sites-over-r2.ts";

afterEach(() => void vi.useRealTimers());

const tierOf = ({ cacheStatus }: Seen) => /detail=(\w+)/.exec(cacheStatus)?.[1] ?? cacheStatus;

describe.each(Object.entries(mixes))("over %s", (_, mix) => {
  it.each(["/held", "/streamed"] as const)(
    "another colo finds %s until a purge covers it",
    async (path) => {
      const { first, second, r2, pass } = openOverR2(mix);
      const [text, next] = [bodyOf(sizes[path], 1), bodyOf(sizes[path], 2)];
      await first.get(path);
      expect(r2.calls).toEqual(["put 2d"]);
      const part = await second.get(path, { headers: { range: "bytes=1000000-1000099" } });
      expect([part.status, part.text]).toEqual([206, text.slice(1_000_000, 1_000_100)]);
      expect(r2.calls).toEqual(["put 2d", "get 2d 1000000+100", "get 2d"]);
      const seen = await second.get(path);
      expect([tierOf(seen), seen.text === text]).toEqual(["edge", true]);
      expect(first.origin.count).toBe(1);
      expect((await send(first, { tags: ["red"] })).status).toBe(200);
      pass(11);
      expect((await second.get(path)).text === next).toBe(true);
      expect((await first.get(path)).text === next).toBe(true);
      expect([first.origin.count, r2.objects.size]).toEqual([2, 1]);
    },
  );
});

it("a streamed body is read from R2 once, and then at the colo's edge", async () => {
  const { first, second, r2 } = openOverR2();
  await first.get("/streamed");
  expect(tierOf(await first.get("/streamed"))).toBe("edge");
  const texts = [await second.get("/streamed"), await second.get("/streamed")];
  expect(texts.map(tierOf)).toEqual(["shared", "edge"]);
  const whole = bodyOf(sizes["/streamed"]);
  expect(texts.every(({ text }) => text === whole)).toBe(true);
  expect(r2.calls).toEqual(["put 2d", "get 2d", "get 2d"]);
  expect(second.counted()).toMatchObject({
    "bodyCalls|get": 2,
    "tierReads|shared|found": 1,
    "tierWrites|edge|kept": 1,
  });
});

it("colos share one download with globalCollapse()", async () => {
  const routes = [{ name: "all", match: "*", use: [globalCollapse()] }];
  const { first, second } = openOverR2(undefined, { config: { routes } });
  const asked = [first, first, second, second].map(async (site) => site.get("/streamed"));
  const texts = (await Promise.all(asked)).map(({ text }) => text);
  expect(texts.every((text) => text === bodyOf(sizes["/streamed"]))).toBe(true);
  expect(first.origin.count).toBe(1);
});

it("colos do not wait for a body that R2 has refused with globalCollapse()", async () => {
  const routes = [{ name: "all", match: "*", use: [globalCollapse()] }];
  let upstash: FakeUpstash | undefined;
  const mix = (clock: FakeClock) => ({ upstash: (upstash = new FakeUpstash(clock)) });
  const { first, r2 } = openOverR2(mix, { config: { routes } });
  const fail = () => Promise.reject(new Error("We encountered an internal error."));
  Object.assign(r2, { put: fail });
  expect((await first.get("/streamed")).text).toBe(bodyOf(sizes["/streamed"]));
  expect(tierOf(await first.get("/streamed"))).toBe("edge");
  const words = [...upstash!.locks.values()].map(({ value }) => value);
  expect(words).toEqual(["nothing-to-share"]);
});

it("colos do not wait for a body that a 304 has confirmed, and that only one of them has", async () => {
  const routes = [{ name: "all", match: "*", use: [globalCollapse()] }];
  let upstash: FakeUpstash | undefined;
  const mix = (clock: FakeClock) => ({ upstash: (upstash = new FakeUpstash(clock)) });
  const { first, r2, pass } = openOverR2(mix, { config: { routes } });
  const fail = () => Promise.reject(new Error("We encountered an internal error."));
  Object.assign(r2, { put: fail });
  await first.get("/streamed");
  pass(3_601);
  upstash!.locks.clear();
  first.origin.script = () => unchanged({ etag: '"1"', "cache-control": "max-age=3600" });
  expect((await first.get("/streamed")).cacheStatus).toContain("fwd-status=304");
  expect([...upstash!.locks.values()].map(({ value }) => value)).toEqual(["nothing-to-share"]);
});

it("a body that varies is copied with its marker", async () => {
  const { first, second, r2 } = openOverR2(undefined, {
    origin: ({ headers }) => {
      const text = (headers.get("accept-language") ?? "") + bodyOf(3 * mebibyte);
      return page(text, { ...hour, vary: "accept-language" });
    },
  });
  const german = { headers: { "accept-language": "de" } };
  for (const site of [first, second, second])
    expect((await site.get("/a", german)).text).toMatch(/^de/);
  expect([first.origin.count, r2.calls]).toEqual([1, ["put 2d", "get 2d", "get 2d"]]);
});

it("R2 is neither read nor written for small bodies, for misses, HEAD and 304", async () => {
  const { first, second, r2 } = openOverR2();
  for (const site of [first, second]) await site.get("/small");
  const etag = (await first.get("/held")).fields.get("etag") ?? "";
  r2.calls.length = 0;
  expect(tierOf(await second.get("/held", { method: "HEAD" }))).toBe("shared");
  expect((await second.get("/held", { headers: { "if-none-match": etag } })).status).toBe(304);
  expect(r2.calls).toEqual([]);
});

it("a route without the shared tier does not use R2", async () => {
  const routes = [{ name: "own", match: "*", tiers: ["memory" as const, "edge" as const] }];
  const { first, second, r2 } = openOverR2(undefined, { config: { routes } });
  for (const site of [first, second])
    for (const path of ["/held", "/streamed"]) await site.get(path);
  expect([first.origin.count, r2.calls]).toEqual([4, []]);
});

it("an unchanged body is not sent to R2 again", async () => {
  const { first, second, r2, pass } = openOverR2();
  await first.get("/held");
  pass(3_601);
  r2.calls.length = 0;
  first.origin.script = () => unchanged({ etag: '"1"', "cache-control": "max-age=3600" });
  await first.get("/held");
  // The lookup also reads the stale body, in case a younger one is there.
  expect(r2.calls).toEqual(["get 2d", "head 2d"]);
  expect(tierOf(await second.get("/held"))).toBe("shared");
});

it("a validation of a streamed body neither reads nor writes R2", async () => {
  const { first, second, r2, pass } = openOverR2();
  await first.get("/streamed");
  pass(3_601);
  r2.calls.length = 0;
  first.origin.script = () => unchanged({ etag: '"1"', "cache-control": "max-age=3600" });
  await second.get("/streamed", { method: "HEAD" });
  expect(r2.calls).toEqual([]);
  const seen = await second.get("/streamed");
  expect([tierOf(seen), seen.text === bodyOf(sizes["/streamed"])]).toEqual(["shared", true]);
});

it("an unsafe method deletes the body", async () => {
  const { first, second, r2 } = openOverR2();
  await first.get("/held");
  first.origin.script = () => page("posted", cc("no-store"));
  await second.get("/held", { method: "POST" });
  expect(r2.objects.size).toBe(0);
});

it("a small page that replaces a large one answers everywhere", async () => {
  const { first, second, pass } = openOverR2();
  await first.get("/held");
  pass(3_601);
  first.origin.script = () => page("small", hour);
  for (const site of [first, second]) expect((await site.get("/held")).text).toBe("small");
});

it("a copy into the colo is dropped if the page is invalidated meanwhile", async () => {
  const { first, second, r2 } = openOverR2();
  await first.get("/held");
  first.origin.script = () => page("posted", cc("no-store"));
  const get = r2.get.bind(r2);
  let reads = 0;
  r2.get = async (...given) => {
    reads += 1;
    const found = await get(...given);
    if (reads === 2) await (await second.ask("/held", { method: "POST" })).text();
    return found;
  };
  await second.get("/held");
  expect([reads, second.counted()]).toMatchObject([2, { "tierWrites|edge|cut": 1 }]);
});
