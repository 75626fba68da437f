// Tests findings on the origin. Each finding is caused and ended on a real server. Also tests when
// the status of health is unable.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openSite, type SiteOptions } from "../../../../testing/site/harness.ts";
import { adminToken } from "../../../../testing/site/purge-sender.ts";
import { codesOf, found, healthOf, runningClock, statusOf, until } from "./health-world.ts";

let server: Server;
let port: number;
let afterMs: number;
let answer: RequestListener;

const late: RequestListener = async (_, response) => {
  await delay(afterMs);
  response.setHeader("cache-control", "max-age=600").end("page");
};

async function listen(at: number): Promise<void> {
  server = createServer((...asked) => answer(...asked)).listen(at, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
}

async function refuse(): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

beforeEach(async () => {
  afterMs = 0;
  answer = late;
  await listen(0);
});
afterEach(() => (server.listening ? refuse() : undefined));

/** Opens a site whose origin is the server. */
function opened(options: SiteOptions = {}) {
  return openSite({
    clock: runningClock(),
    origin: (request) => {
      const { pathname } = new URL(request.url);
      const { signal, headers } = request;
      return fetch(`http://127.0.0.1:${port}${pathname}`, { signal, headers });
    },
    ...options,
    env: { ADMIN_TOKEN: adminToken, ...options.env },
  });
}

it("health finds origin-unreachable, then origin-down, then nothing", async () => {
  const site = opened();
  await site.get("/stored");
  await refuse();
  site.clock.advance(10);
  await site.get("/a");
  expect(await found(site, "origin-unreachable")).toMatchObject({
    level: "warning",
    about: 'origin "default"',
    values: { failures: [expect.stringMatching(/^unreachable: \d+$/)] },
  });
  expect(await statusOf(site)).toEqual([200, { status: "degraded" }]);
  for (const path of ["/b", "/c", "/d", "/e"]) await site.get(path);
  const health = await healthOf(site);
  expect(health.findings[0]).toMatchObject({
    code: "origin-down",
    level: "critical",
  });
  expect([health.status, await statusOf(site)]).toEqual(["unable", [503, { status: "unable" }]]);
  expect((await site.get("/stored")).status).toBe(200);
  expect(JSON.stringify(health)).not.toMatch(/127\.0\.0\.1|origin\.invalid/);
  await listen(port);
  await until(site, "origin-down", "gone", 6);
  expect([codesOf(await healthOf(site)), await statusOf(site)]).toEqual([
    [],
    [200, { status: "ok" }],
  ]);
});

it.each<[does: string, kind: string, RequestListener]>([
  [
    "sends header fields of more than 128 KiB",
    "fields-too-large",
    (_, response) => response.setHeader("x-a", "a".repeat(20_000)).end("page"),
  ],
  [
    "sends invalid responses",
    "invalid-response",
    ({ socket }) => socket.end("HTTP/1.1 20 OK\r\n\r\n"),
  ],
])(
  "health has the finding origin-invalid, and the log its cause: %s",
  async (does, kind, broken) => {
    const site = opened();
    answer = broken;
    await site.get("/a");
    expect(await found(site, "origin-invalid")).toMatchObject({
      level: "warning",
      ...(kind === "fields-too-large" && { case: kind }),
      values: { failures: [`${kind}: 1`] },
    });
    expect(site.log.join("\n")).toContain(`Origin "default" ${does}`);
    answer = late;
    await until(site, "origin-invalid", "gone", 2);
  },
);

it("health has the finding origin-slow until the origin answers within originTimeout", async () => {
  const site = opened({ config: { originTimeout: "1s" } });
  afterMs = 3_000;
  await site.get("/a");
  expect(await found(site, "origin-slow")).toMatchObject({
    level: "warning",
    values: { failures: ["timeout: 1"] },
  });
  afterMs = 0;
  await until(site, "origin-slow", "gone", 2);
});
