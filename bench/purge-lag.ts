// Measures how long other colos use a purged page, with and without the long poll of a journal in a
// Durable Object. Each colo is some 100 ms away from the object, and gets 20 requests a second.
//   npm run bench -- purge-lag [--rtt 100] [--purges 60] [--colos 3]
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { pause } from "../src/base/timeouts.ts";
import { startColo } from "../local/colo.ts";
import { Running } from "../local/running.ts";
import { bundleOverObject, ObjectHost } from "../testing/consistency/object-worker.ts";
import { Draws } from "../testing/draws.ts";
import { adminToken } from "../testing/worker/world.ts";
import { markdownTable, quantile } from "./load/figures.ts";

const paceMs = 50;
/** The times between two purges. They exceed the time of a renewal, so purges do not share one. */
const [quietMsMin, quietMsMax] = [1_500, 6_000];

interface Settings {
  readonly rttMs: number;
  readonly purgeCount: number;
  readonly coloCount: number;
  readonly longPoll: boolean;
}

/** @returns the lags of all purges in all colos but the one that accepted them, in milliseconds */
async function lagsOf({ rttMs, purgeCount, coloCount, longPoll }: Settings): Promise<number[]> {
  const running = new Running();
  let version = 0;
  const fields = { "content-type": "text/plain", "cache-control": "max-age=3600" };
  const origin = createServer((_, response) => response.writeHead(200, fields).end(`${version}`));
  try {
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    const { port } = origin.address() as AddressInfo;
    const worker = await bundleOverObject("{}", { longPoll }, rttMs);
    const host = await running.add(ObjectHost.start(worker));
    const env = {
      ORIGIN_URL: `http://127.0.0.1:${port}`,
      ADMIN_TOKEN: adminToken,
      SITE_HOST: "site.test",
    };
    const names = Array.from({ length: coloCount }, (_, nth) => `colo-${nth + 1}`);
    const start = (name: string) =>
      running.add(startColo({ name, worker, port: 0, env, shared: host.shared }));
    const [first, ...others] = await Promise.all(names.map(start));
    const draws = new Draws(1);
    const lags: number[] = [];
    await Promise.all([first!, ...others].map(({ url }) => textAt(url)));
    for (let purges = 0; purges < purgeCount; purges += 1) {
      const until = performance.now() + draws.between(quietMsMin, quietMsMax);
      while (performance.now() < until) await askAll([first!, ...others]);
      version += 1;
      const order = { method: "POST", body: JSON.stringify({ prefixes: ["/"] }) };
      const headers = { authorization: `Bearer ${adminToken}` };
      const { status } = await fetch(`${first!.url}/_cache/purge`, { ...order, headers });
      if (status !== 200) throw new Error(`A purge got status ${status}.`);
      const acceptedAtMs = performance.now();
      const waits = others.map(async ({ url }) => {
        while (Number(await textAt(url)) < version) await pause(paceMs);
        return performance.now() - acceptedAtMs;
      });
      lags.push(...(await Promise.all(waits)));
    }
    return lags;
  } finally {
    await running.stop();
    origin.close();
  }
}

async function askAll(colos: readonly { readonly url: string }[]): Promise<void> {
  await Promise.all([pause(paceMs), ...colos.map(({ url }) => textAt(url))]);
}

const textAt = async (url: string): Promise<string> => (await fetch(url)).text();

const { values } = parseArgs({
  options: {
    rtt: { type: "string", default: "100" },
    purges: { type: "string", default: "60" },
    colos: { type: "string", default: "3" },
  },
});
const settings = {
  rttMs: Number(values.rtt),
  purgeCount: Number(values.purges),
  coloCount: Number(values.colos),
};
const rows: string[][] = [];
for (const longPoll of [false, true]) {
  const lags = await lagsOf({ ...settings, longPoll });
  const figures = [0.5, 0.99, 1].map((share) => `${Math.round(quantile(lags, share))} ms`);
  rows.push([longPoll ? "with the long poll" : "without", String(lags.length), ...figures]);
}
process.stdout.write(
  `N = 10 s, A = 1 s, ${settings.coloCount} colos, ${settings.rttMs} ms to the object\n\n` +
    `${markdownTable(["", "lags", "median", "p99", "longest"], rows)}\n`,
);
