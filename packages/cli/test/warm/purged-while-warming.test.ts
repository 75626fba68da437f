// Tests that warming obeys purges: a response that was requested before a purge is not served after
// it.
import { expect, it } from "vitest";
import { openReached, operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";
import { FakeUser } from "../fakes/fake-world.ts";

it("a page that warming requested before a purge is not served after the purge", async () => {
  const asked = Promise.withResolvers<void>();
  const purged = Promise.withResolvers<void>();
  let version = 1;
  const { site, fetch } = openReached({
    origin: async () => {
      const told = `version ${version}`;
      asked.resolve();
      // The origin has read version 1, and sends it after the purge.
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
  expect(JSON.parse((await warming).out)).toMatchObject({ site: siteUrl, results: { failed: 0 } });
  await site.settle();
  expect((await site.get("/a")).text).toBe("version 2");

  // A second warming finds version 2 stored.
  const again = await user.runs(["warm", "/a", "--json"]);
  expect(JSON.parse(again.out).results).toMatchObject({ already: 1, warmed: 0 });
  expect((await site.get("/a")).text).toBe("version 2");
});

it("warm stores pages in its first run, and finds them stored in its second run", async () => {
  const { site, fetch, asked } = openReached({
    origin: () => new Response("page", { headers: { "cache-control": "max-age=600" } }),
  });
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const first = await user.runs(["warm", "/a", "/b", "--json"]);
  expect(JSON.parse(first.out).results).toMatchObject({ warmed: 2, already: 0 });
  await site.settle();
  const second = await user.runs(["warm", "/a", "/b", "--json"]);
  expect(JSON.parse(second.out).results).toMatchObject({ warmed: 0, already: 2 });
  expect(asked).toEqual(["GET /a", "GET /b", "GET /a", "GET /b"]);
});
