// Tests `tidemark probe` at two colos of a real application, with a clock that the pauses advance.
// Needs parts: probe.
import { expect, it, vi } from "vitest";
import { purgeProbe } from "../../../../src/parts/probe/probe.ts";
import { ProbedColos } from "../../../../test/parts/probe/probed-colos.ts";
import { host, idle, type SiteOptions } from "../../../../testing/site/harness.ts";
import { playTimers } from "../../../../testing/site/two-colos.ts";
import { ninesOf } from "../../src/commands/probe.ts";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import {
  adminToken,
  openReached,
  operatorEnv,
  realSites,
  siteUrl,
} from "../fakes/site-as-fetch.ts";
import { operatorOf } from "../fakes/operator.ts";

playTimers();

const farHost = "far.example";
const farUrl = `https://${farHost}`;

/** Opens two colos, the far one at `farUrl`. */
function openColos(options: SiteOptions = {}) {
  const env = { ADMIN_TOKEN: adminToken, SITE_HOST: `${host} ${farHost}` };
  const colos = new ProbedColos({ ...options, env });
  const reach: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    const site = url.origin === farUrl ? colos.far : colos.near;
    return site.handle(new Request(url, init));
  };
  realSites.add(reach);
  const pass = async (ms: number) => {
    colos.clock.advance(ms / 1_000);
    await vi.advanceTimersByTimeAsync(ms);
    await idle();
  };
  const runs = async (args: readonly string[]) => {
    const user = await FakeUser.at({ fetch: reach, env: operatorEnv, onSleep: pass });
    const { world, output, notes } = user.world(["probe", ...args]);
    const code = await main({ ...world, nowAtMs: () => colos.clock.nowAtMs() });
    return { code, out: output.text, notes: notes.text };
  };
  return { colos, runs };
}

it("probe purges the canary, and finds its new version at each address within N", async () => {
  const { runs } = openColos();
  const { code, out, notes } = await runs(["--via", farUrl, "--rounds", "2", "--json"]);
  expect({ code, notes }).toEqual({ code: 0, notes: "" });
  const { checks, positions, late, unknown } = JSON.parse(out);
  expect([positions.length, late, unknown]).toEqual([2, 0, 0]);
  const canary = { page: "/_cache/canary", result: "new", withinSeconds: 10 };
  const near = { address: siteUrl, colo: "HAM", ...canary };
  const far = { address: farUrl, colo: "NRT", ...canary };
  expect(checks).toMatchObject([near, far, near, far]);
  for (const { lagSeconds } of checks) expect(lagSeconds).toBeLessThanOrEqual(10);
});

it("probe prints the nines that its observed purges prove, and no more", async () => {
  const { colos, runs } = openColos();
  const { out } = await runs(["--via", farUrl, "--rounds", "6"]);
  expect(out).toContain("Seen within N: 12 of 12 observed purges, 1 nine.");
  colos.lagSeconds.set("NRT", Infinity);
  const late = JSON.parse((await runs(["--via", farUrl, "--json"])).out);
  expect(late.seen.withinN).toEqual({ seen: 1, of: 2, nines: 0 });
  expect(late.seen.within2Seconds.of).toBe(2);
});

it.each([
  [9, 9, 0],
  [10, 10, 1],
  [1_000, 1_000, 3],
  [999, 1_000, 3],
  [998, 1_000, 2],
  [0, 0, 0],
])("%i of %i observed purges are %i nines", (seen, of, nines) => {
  expect(ninesOf(seen, of)).toBe(nines);
});

it("probe reports a late purge, and exits with 3", async () => {
  const { colos, runs } = openColos();
  await runs(["--via", farUrl]);
  colos.lagSeconds.set("NRT", Infinity);
  const { code, out } = await runs(["--via", farUrl]);
  expect(code).toBe(3);
  expect(out).toMatch(/^https:\/\/far\.example +NRT +\/_cache\/canary +late +\S/m);
  expect(out).toMatch(/^https:\/\/\S+ +HAM +\/_cache\/canary +new +\d+\.\d s +10 s$/m);
  expect(out).toContain("Late: 1 of 2. Not verified: 0.");
});

it("probe exits with 3 if a page is not stored, so that nothing was verified", async () => {
  const origin = () => new Response("page", { headers: { "cache-control": "no-store" } });
  const { runs } = openColos({ origin, config: { parts: [purgeProbe({ paths: ["/news"] })] } });
  const { code, out } = await runs([]);
  expect(code).toBe(3);
  expect(out).toContain("Late: 0 of 1. Not verified: 1.");
});

it("probe purges nothing at a site without a probe, and says what to configure", async () => {
  const { fetch: reach, asked } = openReached();
  const { code, notes } = await (await operatorOf(reach)).runs(["probe"]);
  expect(code).toBe(1);
  expect(notes).toContain("purgeProbe");
  expect(asked).toEqual(["GET /_cache/probe"]);
});

it("probe refuses an address of --via that is not an origin, and sends nothing", async () => {
  const { fetch: reach, asked } = openReached();
  const { code, notes } = await (await operatorOf(reach)).runs(["probe", "--via", "http://a.test"]);
  expect([code, asked]).toEqual([2, []]);
  expect(notes).toContain("--via is invalid.");
});
