// Warming follows all rules of the cache: what was begun before a purge is not kept as if it came after.
import { expect, it } from "vitest";
import { openReached, operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";
import { FakeUser } from "../fakes/fake-world.ts";

it("a purge while a page is on its way is obeyed, and what is newer stays", async () => {
  const asked = Promise.withResolvers<void>();
  const purged = Promise.withResolvers<void>();
  let version = 1;
  const { site, fetch } = openReached({
    origin: async () => {
      const told = `version ${version}`;
      asked.resolve();
      // The origin has read what it sends, and the purge comes before it is sent.
      if (version === 1) await purged.promise;
      return new Response(told, { headers: { "cache-control": "max-age=600", "cache-tag": "a" } });
    },
  });
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const warming = user.runs(["warm", "/a", "--json"]);
  await asked.promise;
  version = 2;
  expect((await user.runs(["purge", "--tag", "a"])).code).toBe(0);
  site.clock.advance(1);
  purged.resolve();
  expect(JSON.parse((await warming).out).addresses[0]).toMatchObject({
    address: siteUrl,
    failed: 0,
  });
  await site.settle();
  expect((await site.get("/a")).text).toBe("version 2");

  // Warmed again, it is there already, and the newer one.
  const again = await user.runs(["warm", "/a", "--json"]);
  expect(JSON.parse(again.out).addresses[0]).toMatchObject({ already: 1, warmed: 0 });
  expect((await site.get("/a")).text).toBe("version 2");
});

it("through two runs of the real application: warmed, then already there", async () => {
  const { site, fetch, asked } = openReached({
    origin: () => new Response("page", { headers: { "cache-control": "max-age=600" } }),
  });
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const first = await user.runs(["warm", "/a", "/b", "--json"]);
  expect(JSON.parse(first.out).addresses[0]).toMatchObject({ warmed: 2, already: 0 });
  await site.settle();
  const second = await user.runs(["warm", "/a", "/b", "--json"]);
  expect(JSON.parse(second.out).addresses[0]).toMatchObject({ warmed: 0, already: 2 });
  expect(asked).toEqual(["GET /a", "GET /b", "GET /a", "GET /b"]);
});
