// Tests that a purge probe detects a purge that takes effect late, and is silent otherwise.
// Needs parts: dashboard.
import { expect, it } from "vitest";
import { dashboard } from "../../../src/parts/dashboard/dashboard.ts";
import type { Finding } from "../../../src/protocol/finding.ts";
import { purgeProbe } from "../../../src/parts/probe/probe.ts";
import { Draws } from "../../../testing/draws.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { host, type Site } from "../../../testing/site/harness.ts";
import { ProbedColos } from "./probed-colos.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

async function findingsOf(colos: ProbedColos, site: Site): Promise<Finding[]> {
  const { findings } = await colos.operator<{ findings: Finding[] }>(site, "health");
  return findings.filter(({ code }) => code === "purge-late");
}

const probeLines = ({ lines }: Site) => lines.filter(({ event }) => event === "purge-probe");

it("detects within two probes that no purge reaches a colo, and reports it once", async () => {
  const colos = new ProbedColos();
  await colos.pass(130);
  expect(await colos.checks()).toEqual({ HAM: { new: 2 }, NRT: { new: 2 } });
  colos.lagSeconds.set("NRT", Infinity);
  await colos.pass(120);
  expect(await colos.checks()).toEqual({ HAM: { new: 4 }, NRT: { new: 2, late: 1 } });
  await colos.pass(60);
  // The counts of all isolates name the colo in every answer.
  for (const site of [colos.near, colos.far]) {
    const what = "Purged pages still answer after N, in the colos: NRT.";
    expect(await findingsOf(colos, site)).toMatchObject([{ level: "critical", what }]);
  }
  expect(probeLines(colos.near)).toEqual([]);
  const message =
    "A purge is late: /_cache/canary answered with a version that was purged 12 s before. N is 10 s. " +
    "Run tidemark probe, and read the finding purge-late.";
  expect(probeLines(colos.far)).toMatchObject([{ level: "error", state: "began", message }]);
  colos.lagSeconds.clear();
  await colos.pass(60);
  expect(probeLines(colos.far)).toMatchObject([{ state: "began" }, { state: "ended" }]);
});

it("detects a late purge whatever hosts the requests have", async () => {
  const hosts = [host, "shop.example.com"];
  const colos = new ProbedColos({ env: { SITE_HOST: hosts.join(" ") } });
  colos.hosts = hosts;
  await colos.pass(130);
  colos.lagSeconds.set("NRT", Infinity);
  await colos.pass(120);
  expect(await colos.checks()).toMatchObject({ NRT: { new: 2, late: 1 } });
});

it("shows the checks and lags of each colo on the dashboard", async () => {
  const config = { parts: [purgeProbe({ every: "1m" }), dashboard()] };
  const colos = new ProbedColos({ config, env: { ADMIN_TOKEN: adminToken } });
  const shown = async () => {
    const path = `https://${host}/_cache/dashboard/purges`;
    const answer = await colos.near.handle(new Request(path, { headers: bearer }));
    const rows = (await answer.text())
      .split("<caption>Checks of probed purges")[1]
      ?.match(/<tr>.*?<\/tr>/g);
    return rows?.map((row) =>
      row
        .replaceAll(/<[^>]+>/g, " ")
        .trim()
        .split(/ {2,}/),
    );
  };
  expect(await shown()).toBeUndefined();
  await colos.pass(130);
  colos.lagSeconds.set("NRT", Infinity);
  await colos.pass(180);
  expect(await shown()).toEqual([
    ["Colo", "New", "Late", "Unknown", "Median lag", "Largest lag"],
    ["HAM", "5", "0", "0", "up to 5.79 s", "up to 11.6 s"],
    ["NRT", "2", "2", "0", "up to 11.6 s", "up to 16.4 s"],
  ]);
});

it.each([12, 30, 55])("detects each late purge while a replica lags by %d s", async (seconds) => {
  const colos = new ProbedColos();
  colos.lagSeconds.set("NRT", seconds);
  await colos.pass(400);
  expect(await colos.checks()).toEqual({ HAM: { new: 6 }, NRT: { new: 1, late: 5 } });
});

it("detects a late purge of a page of the site", async () => {
  const origin = () => page("page", cc("max-age=3600"));
  const probe = purgeProbe({ every: "1m", paths: ["/news"] });
  const colos = new ProbedColos({ origin, config: { parts: [probe] } });
  await colos.pass(70);
  colos.lagSeconds.set("NRT", Infinity);
  await colos.pass(120);
  expect(await colos.checks()).toEqual({ HAM: { new: 3 }, NRT: { new: 1, late: 1 } });
});

it("is silent for an hour in which every purge holds", async () => {
  const draws = new Draws(1);
  const colos = new ProbedColos({ random: () => draws.between(0, 1) });
  // Far has a request every twenty seconds, and some minutes without any.
  let isQuiet = false;
  colos.isVisited = (colo) => {
    if (draws.isLucky(0.005)) isQuiet = !isQuiet;
    return colo === "HAM" ? draws.isLucky(0.5) : !isQuiet && draws.isLucky(0.05);
  };
  await colos.pass(3_600);
  const { HAM: near = {}, NRT: far = {} } = await colos.checks();
  expect([Object.keys(near), Object.keys(far)]).toEqual([["new"], ["new"]]);
  expect(near["new"]).toBeGreaterThan(55);
  expect(far["new"]).toBeGreaterThan(10);
  for (const site of [colos.near, colos.far]) {
    expect(await findingsOf(colos, site)).toEqual([]);
    const faults = site.lines.filter(({ level }) => level === "error");
    expect(faults).toEqual([]);
  }
});
