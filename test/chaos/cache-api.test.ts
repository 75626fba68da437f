// The Cache API throws, or takes what it is given and keeps none of it: memory and Redis answer on.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { openColos, type Site } from "../fakes/harness.ts";
import { cc, page } from "../fakes/origin-in-process.ts";
import { pageOf } from "./load.ts";

const paths = Array.from({ length: 12 }, (_, at) => `/page/${at}`);

function openTwo(): [Site, Site] {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const origin = (request: Request) =>
    page(pageOf(new URL(request.url).pathname), cc("max-age=600"));
  const [first, second] = openColos(2, { clock, upstash, origin });
  return [first!, second!];
}

async function asked(site: Site): Promise<string[]> {
  const seen = await Promise.all(paths.map((path) => site.get(path)));
  expect(seen.map(({ status, text }) => [status, text])).toEqual(
    paths.map((path) => [200, pageOf(path)]),
  );
  return seen.map(({ cacheStatus }) => cacheStatus);
}

describe.each(["throws", "forgets"] as const)("a Cache API that %s", (mode) => {
  it("costs nobody an answer: memory has it, and another isolate reads Redis", async () => {
    const [first, second] = openTwo();
    for (const site of [first, second]) site.cache.mode = mode;
    await asked(first);
    for (const status of await asked(first)) expect(status).toMatch(/hit.*detail=memory/);
    for (const status of await asked(second)) expect(status).toMatch(/hit.*detail=shared/);
    expect(first.origin.count).toBe(paths.length);
    expect([...first.log, ...second.log]).toEqual([]);
  });

  it("keeps answering when it begins to fail, and is used again when it no longer does", async () => {
    const [site] = openTwo();
    await asked(site);
    site.cache.mode = mode;
    for (const status of await asked(site)) expect(status).toContain("detail=memory");
    site.cache.mode = "works";
    const { puts } = site.cache;
    expect((await site.get("/page/new")).text).toBe(pageOf("/page/new"));
    expect(site.cache.puts).toBe(puts + 1);
  });
});
