// Tests a purge view that is renewed between the verdict on a response in memory and the origin
// request.
import { expect, it } from "vitest";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";
import { openJournalled } from "../../../testing/site/purge-sender.ts";

it("a response in memory answers as soon as a newer view can judge the response", async () => {
  const limit = async () => {
    await idle();
    return { success: true };
  };
  const { site, upstash } = openJournalled({
    env: { ORIGIN_LIMITER: { limit } },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600")),
  });
  const asked = async (path: string) => {
    const response = await site.ask(path, { headers: { "cf-connecting-ip": "192.0.2.1" } });
    const text = await response.text();
    await idle();
    return text;
  };
  await asked("/a");
  upstash.mode = "down";
  for (let nth = 0; nth < 8; nth += 1) {
    site.clock.advance(4);
    await asked(`/${nth}`);
  }
  upstash.mode = "works";
  site.clock.advance(2);
  expect([await asked("/a"), site.origin.count]).toEqual(["page 1", 9]);
});
