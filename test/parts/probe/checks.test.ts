// Tests when a purge probe checks, what it counts, and that it stays within the cache.
// Needs parts: outward.
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, it } from "vitest";
import type { OriginHandler } from "../../../src/platform/origins.ts";
import { purgeProbe } from "../../../src/parts/probe/probe.ts";
import { outward } from "../../../src/parts/outward/outward.ts";
import { listTarget, secret } from "../outward/outward-world.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { idle } from "../../../testing/site/harness.ts";
import { ProbedColos } from "./probed-colos.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";
import { decodeEntry } from "../../../src/purge/journal/entry.ts";

playTimers();

const entriesOf = ({ upstash }: ProbedColos) =>
  upstash.journal.range(["-", "+"]).map(([id, fields]) => decodeEntry(id, fields));

it("purges a canary by its tag, through the journal, as often as configured", async () => {
  const colos = new ProbedColos({ config: { parts: [purgeProbe({ every: "2m" })] } });
  await colos.pass(600);
  const purges = entriesOf(colos).filter(({ by }) => by === "probe");
  expect(purges).toHaveLength(5);
  for (const { targets, mode } of purges) {
    expect([targets, mode]).toEqual([{ tags: ["tag:tidemark-canary"], prefixes: [] }, "hard"]);
  }
});

it("waits at least twice N between two probes", async () => {
  const probe = purgeProbe({ every: "1m" });
  const colos = new ProbedColos({ config: { parts: [probe], purge: { maxLagSeconds: 90 } } });
  await colos.pass(660);
  expect(entriesOf(colos).filter(({ by }) => by === "probe")).toHaveLength(4);
});

it("costs few commands: at most two for each isolate and probe, and two for the cron trigger", async () => {
  const colos = new ProbedColos();
  await colos.pass(600);
  const commands = await colos.counters("redis_commands");
  const of = (purpose: string) =>
    commands.find(({ labels }) => labels["purpose"] === purpose)?.value ?? 0;
  expect(entriesOf(colos).filter(({ by }) => by === "probe")).toHaveLength(10);
  expect(of("outward")).toBeGreaterThan(10 * (1 + 1 + 2));
  expect(of("outward")).toBeLessThan(10 * (2 + 2 + 2));
  // Each isolate looks each page up and stores it once for each probe.
  expect(of("look-up")).toBeGreaterThan(10);
  expect(of("look-up") + of("fill")).toBeLessThan(10 * 2 * 2 + 4);
});

it("requests a page that cannot be stored three times for each isolate and probe", async () => {
  let count = 0;
  const origin = (request: Request) => {
    if (new URL(request.url).pathname === "/news") count += 1;
    return page("page", cc("private"));
  };
  const probe = purgeProbe({ every: "5m", paths: ["/news"] });
  const colos = new ProbedColos({ origin, config: { parts: [probe] } });
  await colos.pass(350);
  expect(await colos.checks()).toEqual({ HAM: { unknown: 1 }, NRT: { unknown: 1 } });
  expect(count).toBe(2 * 3);
});

it("cancels a page whose body never ends, and checks the next purge", async () => {
  let [askedCount, cancelledCount] = [0, 0];
  const origin = (request: Request) => {
    if (new URL(request.url).pathname !== "/news") return page("page", cc("max-age=600"));
    askedCount += 1;
    const cancel = () => void (cancelledCount += 1);
    return new Response(new ReadableStream({ cancel }), { headers: cc("no-store") });
  };
  const probe = purgeProbe({ every: "1m", paths: ["/news"] });
  const colos = new ProbedColos({ origin, config: { parts: [probe] } });
  colos.isVisited = (colo) => colo === "HAM";
  await colos.pass(350);
  expect(askedCount).toBeGreaterThan(3);
  expect(cancelledCount).toBeGreaterThan(askedCount - 3);
  expect((await colos.checks())["HAM"]?.["unknown"]).toBeGreaterThan(1);
});

it("reads a page in no client's context, even one that bypasses the cache", async () => {
  const users = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const handler: OriginHandler = (request, _, caller) => {
    if (request.url.endsWith("/me")) seen.push([users.getStore(), caller]);
    return new Response("page", { headers: cc("max-age=600") });
  };
  const probe = purgeProbe({ every: "5m", paths: ["/me"] });
  const routes = [{ name: "me", match: "/me", bypass: true }];
  const colos = new ProbedColos({
    handlers: { default: handler },
    config: { parts: [probe], routes },
  });
  await users.run("ada", () => colos.pass(350));
  expect(seen.length).toBeGreaterThan(0);
  expect(seen).toEqual(seen.map(() => [undefined, undefined]));
});

it("checks nothing in a colo without requests", async () => {
  const colos = new ProbedColos();
  colos.isVisited = (colo) => colo === "HAM";
  await colos.pass(310);
  expect(await colos.checks()).toEqual({ HAM: { new: 5 }, NRT: {} });
});

it("records the lag from the purge until the first new version", async () => {
  const colos = new ProbedColos();
  await colos.pass(400);
  const { near } = colos;
  const series = Object.entries(near.counted()).filter(([name]) => name.startsWith("purgeLag|HAM"));
  const sum = series.find(([name]) => name.endsWith("|sum"))?.[1] ?? 0;
  const count = series.reduce((all, [name, one]) => (name.endsWith("|sum") ? all : all + one), 0);
  expect(count).toBeGreaterThan(0);
  expect(sum / count).toBeLessThanOrEqual(10);
});

it("counts an answer that is marked as unverified as unknown, not as late", async () => {
  const routes = [{ name: "all", match: "*", whenUnreachable: "serve" as const }];
  const probe = purgeProbe({ every: "1m", paths: ["/news"] });
  const origin = () => page("page", cc("max-age=3600"));
  const colos = new ProbedColos({ origin, config: { parts: [probe], routes } });
  await colos.pass(120);
  // The journal goes down before the far colo has read the purge of this minute.
  colos.upstash.journalMode = "down";
  await colos.pass(40);
  colos.upstash.journalMode = "works";
  expect(await colos.checks()).toMatchObject({ HAM: { new: 2 }, NRT: { new: 1, unknown: 1 } });
});

it("no cache in front gets the purge of a canary", async () => {
  const asked: string[] = [];
  const origin = (request: Request) => {
    asked.push(request.url);
    return page("page", cc("max-age=600"));
  };
  const probe = purgeProbe({ every: "1m" });
  const colos = new ProbedColos({
    origin,
    config: { parts: [probe, outward({ edge: listTarget() })] },
    env: { OUTWARD_SECRET_EDGE: secret },
  });
  await colos.pass(300);
  expect(entriesOf(colos).filter(({ by }) => by === "probe")).toHaveLength(5);
  // The mark that begins the journal purges everything.
  const ofTarget = asked.filter((url) => !url.startsWith("https://origin.invalid/"));
  expect(ofTarget).toEqual(["https://target.example/purge"]);
});

it.each(["GET", "HEAD", "POST"])("no client reaches a canary with %s", async (method) => {
  const colos = new ProbedColos();
  await colos.pass(70);
  const { near } = colos;
  const asked = near.origin.count;
  const response = await near.ask("/_cache/canary", { method });
  await idle();
  expect([response.status, near.origin.count]).toEqual([404, asked]);
});
