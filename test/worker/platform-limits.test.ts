// Tests the limits of the platform that the suites impose on workerd: each limit is seen to bite.
import type { Finding } from "../../src/protocol/finding.ts";
import type { ServerResponse } from "node:http";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { buildWorker } from "../../local/build-worker.ts";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { drawsFrom } from "../../testing/draws.ts";
import { startLimitedColo } from "../../testing/worker/platform-limits/limited-colo.ts";
import { limitsOf, type PlatformLimits } from "../../testing/worker/platform-limits/limits.ts";
import { storesOfCloudflare, until } from "../../testing/worker/world.ts";

const worker = `
  const { AsyncLocalStorage } = process.getBuiltinModule("node:async_hooks");
  const inNeutralContext = AsyncLocalStorage.snapshot();
  export class TidemarkJournal {
    async fetch() { return new Response("of the object"); }
  }
  export class TidemarkRecords extends TidemarkJournal {}
  const many = (count, work) => Promise.all(Array.from({ length: count }, () => work().then(() => "sent", String)));
  const heap = [];
  let isSlow = false;
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (work, ms) => {
    isSlow ||= ms === 10_000;
    return setTimeout(work, isSlow ? 0 : ms);
  };
  const routes = {
    async "/ping"({ origin }) {
      return (await fetch(origin + "/ping")).status;
    },
    async "/crowd"({ origin }) {
      const order = [];
      const sent = Array.from({ length: 8 }, (_, nth) => fetch(origin + "/held/" + nth).then(() => order.push(nth)));
      sent.push(caches.default.match("http://a.test/").then(() => order.push("match")));
      await Promise.all(sent);
      return order;
    },
    async "/abort"({ origin }) {
      for (let nth = 0; nth < 6; nth += 1) fetch(origin + "/held/" + nth).catch(() => undefined);
      const ending = new AbortController();
      const queued = fetch(origin + "/held/6", { signal: ending.signal });
      ending.abort(new Error("left"));
      return queued.catch(String);
    },
    async "/subrequests"({ origin, object }) {
      return [
        ...(await many(20, () => caches.default.match("http://a.test/"))),
        ...(await many(10, () => object().fetch("http://object/"))),
        ...(await many(30, () => inNeutralContext(() => fetch(origin + "/ping")))),
      ];
    },
    async "/clock"() {
      const times = [[Date.now(), new Date().getTime(), performance.now()]];
      for (let sum = 0; sum < 3e7; sum += 1) Math.sqrt(sum);
      times.push([Date.now(), new Date().getTime(), performance.now()]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      times.push([Date.now(), new Date().getTime(), performance.now()]);
      return times;
    },
    async "/objects"({ object }) {
      const outcomes = [];
      for (let nth = 0; nth < 30; nth += 1) {
        isSlow = false;
        const name = await object().fetch("http://object/").then(
          () => isSlow ? "slow" : "answered",
          ({ overloaded, retryable }) => overloaded ? "overloaded" : retryable && "retryable",
        );
        outcomes.push(name);
      }
      return outcomes;
    },
    async "/cache"() {
      const response = new Response("x", { headers: { "cache-control": "max-age=60" } });
      await caches.default.put("http://a.test/", response);
      const found = await caches.default.match("http://a.test/");
      return [found === undefined, await caches.default.delete("http://a.test/")];
    },
    async "/heap"() {
      for (let nth = 0; nth < 20; nth += 1) heap.push(Array.from({ length: 1e6 }, (_, at) => at + 0.5));
      return heap.length;
    },
  };
  export default {
    async fetch(request, env) {
      const origin = env.ORIGIN_URL;
      const object = () => env.JOURNAL.get(env.JOURNAL.idFromName("x"));
      const { pathname } = new URL(request.url);
      return Response.json(await routes[pathname]({ origin, object }));
    },
  };
`;

const running = new Running();
afterAll(() => running.stop());

const held: ServerResponse[] = [];
let isHolding = true;
const origin = await running.add(
  startScriptedOrigin(({ url = "" }, response) => {
    if (url.startsWith("/pages/")) response.setHeader("cache-control", "max-age=60");
    if (isHolding && url.startsWith("/held/")) held.push(response);
    else response.end();
  }),
);
const release = () => {
  isHolding = false;
  for (const response of held.splice(0)) response.end();
};
beforeEach(() => {
  isHolding = true;
  origin.seen.splice(0);
});

async function start(limits: PlatformLimits) {
  const env = { ORIGIN_URL: origin.url };
  const stores = await storesOfCloudflare(running);
  const settings = { name: "colo-1", worker, port: 0, env, ...stores, onLog: () => undefined };
  const colo = await running.add(startLimitedColo(settings, limits));
  return async (path: string): Promise<unknown> => (await fetch(colo.url + path)).json();
}

describe("six connections of an invocation", async () => {
  const ask = await start(limitsOf("six"));
  const seenHeld = () => origin.seen.filter(({ url }) => url !== "/ping").map(({ url }) => url);
  const six = [0, 1, 2, 3, 4, 5].map((nth) => `/held/${nth}`);

  it("wait at once for response fields, and others queue in their order", async () => {
    const crowd = ask("/crowd");
    await until(async () => origin.seen.length >= 6, "six requests");
    await ask("/ping");
    expect(seenHeld()).toEqual(six);
    release();
    const order = await crowd;
    expect(order).toHaveLength(9);
    expect(order).not.toHaveProperty("0", "match");
    expect(seenHeld()).toEqual([...six, "/held/6", "/held/7"]);
  });

  it("let a queued call end at once by its signal", async () => {
    expect(await ask("/abort")).toBe("Error: left");
    await ask("/ping");
    expect(seenHeld()).not.toContain("/held/6");
    release();
  });
});

it("fifty subrequests of an invocation succeed, and the next fail", async () => {
  const ask = await start(limitsOf("fifty"));
  for (const _ of ["the first", "the second"]) {
    const outcomes = (await ask("/subrequests")) as string[];
    expect(outcomes.slice(0, 50)).toEqual(Array.from({ length: 50 }, () => "sent"));
    const refused = expect.stringMatching(/^Error: Too many subrequests/);
    expect(outcomes.slice(50)).toEqual(Array.from({ length: 10 }, () => refused));
  }
});

it("a Worker whose Cache API stores nothing says so in health, and stops its puts", async () => {
  const env = { ORIGIN_URL: origin.url, ADMIN_TOKEN: "q7Lm2xVb9Rk4Tz8Wc3Nd" };
  const lines: string[] = [];
  const onLog = (line: string) => void lines.push(line);
  const settings = { name: "colo-1", worker: await buildWorker(), port: 0, env, onLog };
  const colo = await running.add(startLimitedColo(settings, limitsOf("no-cache")));
  const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
  let count = 0;
  const codes = async () => {
    for (let nth = 0; nth < 4; nth += 1) await fetch(`${colo.url}/pages/${(count += 1)}`);
    const health = await fetch(`${colo.url}/_cache/health`, { headers });
    const { findings } = (await health.json()) as { findings: Finding[] };
    return findings
      .filter(({ code }) => code === "tier-failing")
      .map(({ values }) => values?.["why"]);
  };
  const cause = "The Cache API accepts responses, and finds none of them again";
  await expect.poll(codes, { interval: 50, timeout: 60_000 }).toEqual([cause]);
  expect(lines.filter((line) => line.includes("stores-nothing"))).toHaveLength(1);
});

describe("one run may have several limits", async () => {
  const trouble = { seed: 4, overloadedShare: 0.3, retryableShare: 0.3, slowShare: 0.2 };
  const ask = await start({ ...limitsOf("still,no-cache"), objects: trouble });

  it("a clock stands still while code runs, and advances with I/O", async () => {
    const [before, after, later] = (await ask("/clock")) as number[][];
    expect(after).toEqual(before);
    for (const [nth, time] of later!.entries()) expect(time - after![nth]!).toBeGreaterThan(3);
  });

  it("a Cache API that stores nothing resolves each call", async () => {
    expect(await ask("/cache")).toEqual([true, false]);
  });

  it("objects fail or are slow in shares, by a seed", async () => {
    const draw = drawsFrom(4);
    const expected = Array.from({ length: 30 }, () => {
      const drawn = draw();
      if (drawn < 0.6) return drawn < 0.3 ? "overloaded" : "retryable";
      return drawn < 0.8 ? "slow" : "answered";
    });
    expect(new Set(expected).size).toBe(4);
    expect(await ask("/objects")).toEqual(expected);
  });
});

it("a Worker whose heap exceeds the maximum ends", async () => {
  const ask = await start(limitsOf("heap"));
  await expect(ask("/heap")).rejects.toThrow("fetch failed");
});

it("an unknown limit is refused", () => {
  expect(() => limitsOf("six,seven")).toThrow(/unknown limit "seven"\. Known: six, fifty/);
});
