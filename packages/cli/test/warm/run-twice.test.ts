// Tests the command with the real application, which stores pages for the second run.
import { expect, it } from "vitest";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";
import { FakeUser } from "../fakes/fake-world.ts";

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
