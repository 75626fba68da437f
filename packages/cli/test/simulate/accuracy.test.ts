// Compares a simulation with the whole application, whose own log it reads.
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import * as rules from "../../../../src/http-rules.ts";
import { defineConfig } from "../../../../src/config/config.ts";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import type { WrittenConfig } from "../../../../src/config/written.ts";
import { Draws } from "../../../../testing/draws.ts";
import { page } from "../../../../testing/fakes/origin-in-process.ts";
import { openJournalled } from "../../../../testing/site/purge-sender.ts";
import { readLog } from "../../src/simulate/log-file.ts";
import { Simulation } from "../../src/simulate/simulation.ts";

const config: ConfigInput = {
  logs: { sample: 1, paths: true },
  routes: [
    { name: "account", match: "/account/*", bypass: true },
    { name: "news", match: "/news/*", fresh: "20s", staleWhileRevalidate: "10s" },
    { name: "rest", match: "*" },
  ],
};

/** The lifetimes of the pages without a route, by the first letter of their path. */
const seconds = [0, 5, 30, 300];

it("has the hits and origin requests of the application, for random traffic", async () => {
  const draws = new Draws(7);
  const { site } = openJournalled({
    config,
    origin: ({ url }) => {
      const number = Number(new URL(url).pathname.slice(-1)) || 0;
      return page("page", { "cache-control": `max-age=${seconds[number % 4]}` });
    },
  });
  for (let nth = 0; nth < 600; nth += 1) {
    site.clock.advance(draws.between(0.2, 3));
    const number = Math.floor(draws.between(0, 10));
    const folder = draws.oneOf(["/account", "/news", "", ""]);
    const headers = draws.isLucky(0.1) ? { cookie: "session=1" } : undefined;
    await site.get(
      `${folder}/${number}?page=${number % 3}&utm_source=${nth}`,
      headers && { headers },
    );
  }
  const written = site.lines.map((line) => JSON.stringify(line)).join("\n");
  const simulation = await Simulation.open({
    rules,
    config: defineConfig(config as WrittenConfig),
    host: "www.example.com",
    coloCount: 1,
    isolateCount: 1,
    originMs: 0,
    freshSeconds: undefined,
  });
  const play = simulation.play.bind(simulation);
  const log = Readable.from([Buffer.from(written)]);
  const { hits } = await readLog(log, { name: "the log", format: undefined, play });
  const { all } = simulation.totals;
  expect({ hits: all.hits, originRequests: all.originRequests, passed: all.passed }).toEqual({
    hits,
    originRequests: site.origin.count,
    passed: site.lines.filter((line) => line["tidemark.result"] === "passed").length,
  });
});
