// A view that is renewed between the verdict on a response in memory and the way to its origin.
import { expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { idle, openSite } from "../../../testing/site/harness.ts";

it("what memory holds answers as soon as a newer view knows enough of it", async () => {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const limit = async () => {
    await idle();
    return { success: true };
  };
  const site = openSite({
    clock,
    upstash,
    env: { ORIGIN_LIMITER: { limit } },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600")),
  });
  const ask = (path: string) => site.ask(path, { headers: { "cf-connecting-ip": "192.0.2.1" } });
  const asked = async (path: string) => {
    const text = await (await ask(path)).text();
    await idle();
    return text;
  };
  await asked("/a");
  upstash.mode = "down";
  for (const path of ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7"]) {
    clock.advance(4);
    await asked(path);
  }
  upstash.mode = "works";
  clock.advance(2);
  expect([await asked("/a"), site.origin.count]).toEqual(["page 1", 9]);
});
