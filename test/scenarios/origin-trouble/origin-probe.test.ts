// Tests that the isolate probes an origin before it opens the origin's breaker. A client whose requests
// are reset, for example by a firewall, cannot shut the origin off for other clients.
import { describe, expect, it } from "vitest";
import { idle, openSite, read, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  never,
  page,
  type Script,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const evil = { "user-agent": "sqlmap", "x-attack": "' or 1=1", cookie: "session=evil" };
const isAttack = ({ headers, url }: Request) => headers.has("x-attack") || url.includes("/attack/");

const fails: readonly { id: string; fail: Script }[] = [
  { id: "resets", fail: unreachable },
  { id: "520", fail: () => page("error code: 520", {}, 520) },
];

async function attack(site: Site, init = {}): Promise<void> {
  for (let nth = 0; nth < 6; nth += 1) await site.get(`/attack/${nth}`, { headers: evil, ...init });
}

const answering = (fail: Script, fine: Script = () => page("fine", cc("no-store"))): Script => {
  return (request, nth) => (isAttack(request) ? fail : fine)(request, nth);
};

describe("an origin whose firewall resets a client's requests on six paths", () => {
  it.each(fails)("has a closed breaker in a new isolate: $id", async ({ fail }) => {
    const site = openSite({ origin: answering(fail) });
    await attack(site);
    expect((await site.get("/page")).text).toBe("fine");
  });

  it.each(fails)("has a closed breaker by five attacks with pauses: $id", async ({ fail }) => {
    const site = openSite({ origin: answering(fail) });
    await site.get("/page");
    const statuses = new Set<number>();
    for (let round = 0; round < 5; round += 1) {
      site.clock.advance(6);
      await attack(site, { method: "HEAD" });
      statuses.add((await site.get("/page")).status);
    }
    expect(statuses).toEqual(new Set([200]));
  });

  it.each([
    { id: "404", fine: () => page("none", {}, 404) },
    { id: "500", fine: () => page("error", {}, 500) },
  ])("has a closed breaker if its front page is an error: $id", async ({ fine }) => {
    const site = openSite({ origin: answering(unreachable, fine) });
    await attack(site);
    expect((await site.get("/page")).status).toBe(fine().status);
  });

  it("has a closed breaker if the page that answered last now fails", async () => {
    const site = openSite({ origin: () => page("fine", cc("no-store")) });
    await site.get("/attack/trap");
    site.clock.advance(6);
    site.origin.script = answering(unreachable);
    await attack(site);
    expect((await site.get("/page")).text).toBe("fine");
  });

  it("has a closed breaker if its front page is broken and another page has answered", async () => {
    const site = openSite({ origin: () => page("fine", cc("no-store")) });
    await site.get("/page");
    site.clock.advance(6);
    site.origin.script = (request, nth) =>
      new URL(request.url).pathname === "/" ? unreachable() : answering(unreachable)(request, nth);
    await attack(site);
    expect((await site.get("/other")).text).toBe("fine");
  });
});

describe("the isolate's own probe", () => {
  it("contains no field and no query of a client", async () => {
    const site = openSite({ origin: answering(unreachable) });
    await site.get("/page?token=secret", { headers: { accept: "text/x-client" } });
    site.clock.advance(6);
    const before = site.origin.count;
    await attack(site);
    const probes = site.origin.asked.slice(before).filter(({ fields }) => !fields.has("x-attack"));
    expect(probes.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /page", "GET /"]);
    for (const { fields } of probes) {
      expect(JSON.stringify([...fields])).not.toMatch(/sqlmap|evil|text\/x-client|secret/);
      expect(fields.get("user-agent")).toBe("Tidemark");
    }
  });

  it("is sent at most once in five seconds during 600 failing requests", async () => {
    const site = openSite({ origin: answering(unreachable) });
    let before = 0;
    const probes = () => site.origin.asked.filter(({ fields }) => !fields.has("x-attack")).length;
    for (let second = 0; second < 30; second += 1) {
      for (let nth = 0; nth < 20; nth += 1) {
        await site.get(`/attack/${second}/${nth}`, { headers: evil });
      }
      site.clock.advance(1);
      before = probes();
    }
    expect(before).toBeLessThanOrEqual(2 * 7);
  });

  it("is sent once if it hangs, and clients are forwarded until it has failed", async () => {
    const site = openSite({ origin: never, config: { originTimeout: "2s" } });
    const asking = Array.from({ length: 5 }, (_, nth) => site.ask(`/slow/${nth}`).then(read));
    await pass(site.clock, 2.1);
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual(Array(5).fill(504));
    expect(site.origin.count).toBe(5 + 2);
    const more = site.ask("/more").then(read);
    await idle();
    expect(site.origin.count).toBe(5 + 2 + 1);
    await pass(site.clock, 2.1);
    expect((await more).status).toBe(504);
    expect((await site.ask("/next").then(read)).status).toBe(503);
    expect(site.origin.count).toBe(5 + 2 + 1);
  });

  it("ends before the runtime ends it", async () => {
    const site = openSite({ origin: never });
    const asking = Array.from({ length: 5 }, (_, nth) => site.ask(`/slow/${nth}`).then(read));
    await pass(site.clock, 51);
    await Promise.all(asking);
    expect((await site.ask("/next").then(read)).status).toBe(503);
  });

  it("is sent only to the failing origin", async () => {
    const isOfApi = ({ url }: { url: string }) => url.startsWith("https://api.invalid");
    const config = {
      origins: { api: { url: "https://api.invalid" } },
      routes: [{ name: "api", match: "/api/*", origin: "api" }],
    };
    const site = openSite({
      config,
      origin: (request) => (isOfApi(request) ? unreachable() : page("fine")),
    });
    for (let nth = 0; nth < 5; nth += 1) await site.get(`/api/${nth}`);
    expect([(await site.get("/api/next")).status, (await site.get("/page")).status]).toEqual([
      503, 200,
    ]);
    expect(site.origin.asked.filter((asked) => !isOfApi(asked)).length).toBe(1);
  });
});

it("a probe closes the breaker if the front page works, but not the last page", async () => {
  const site = openSite({ origin: () => page("fine", cc("no-store")) });
  await site.get("/attack/trap");
  site.clock.advance(6);
  site.origin.script = unreachable;
  await attack(site);
  expect((await site.get("/page")).status).toBe(503);
  site.origin.script = answering(unreachable);
  site.clock.advance(1);
  await site.get("/page");
  expect((await site.get("/page")).text).toBe("fine");
});
