// Tests that the fragments of a page are not from before the purge whose position the reader sends.
import { expect, it } from "vitest";
import { esi } from "../../../src/parts/esi/esi.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { host } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { purgeOthers } from "../../../testing/site/purges-of-others.ts";
import { include } from "./esi-site.ts";

it.each([
  ["field", "/f"],
  ["field", "https://shop.example.org/f"],
  ["cookie", "/f"],
  ["cookie", "https://shop.example.org/f"],
])("a reader's %s counts for the fragment %s", async (by, src) => {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  let text = "old";
  const origin = (request: Request) =>
    new URL(request.url).pathname === "/p"
      ? page(include(src), cc("max-age=600", { "content-type": "text/html" }))
      : page(text, cc("max-age=600", { "cache-tag": "f" }));
  const config = {
    purge: { maxLagSeconds: 300 },
    routes: [{ name: "pages", match: "/p*", use: [esi("html")] }],
  };
  const env = { SITE_HOST: `${host} shop.example.org` };
  const open = () => openJournalled({ clock, upstash, origin, config, env }).site;
  const sender = open();
  expect((await sender.get("/p")).text).toBe("old");
  text = "new";
  const { sealedPosition } = JSON.parse((await send(sender, { tags: ["f"] })).text);
  // The view of another isolate begins after the purge.
  await purgeOthers({ upstash, clock }, 1_200);
  const name = "tidemark-position";
  const headers: Record<string, string> =
    by === "field" ? { [name]: sealedPosition } : { cookie: `a=1; ${name}=${sealedPosition}` };
  expect((await open().get("/p", { headers })).text).toBe("new");
});
