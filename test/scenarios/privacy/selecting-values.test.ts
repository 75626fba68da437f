// Tests that the values by which stored responses are selected leave the isolate only in keyed
// digests: no store, log line, report or operator's answer has a value that a client has sent.
// Needs parts: global-collapse, hot-keys.
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sha256HexAtOnce } from "../../../src/base/sha256.ts";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeRecordObjects } from "../../../testing/fakes/fake-record-objects.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openColos, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";

const config = {
  parts: [hotKeys(10)],
  logs: { sample: 1, paths: true },
  routes: [
    { name: "keyed", match: "/keyed", key: { headers: ["x-tenant"], cookies: ["currency"] } },
    { name: "global", match: "/global", use: [globalCollapse()] },
    { name: "all", match: "*" },
  ],
};

/** Names the values that select the response, as a page for these values would. */
function origin({ url, headers }: Request): Response {
  const { pathname } = new URL(url);
  const selecting = pathname === "/cookie" ? "cookie" : "x-api-key";
  const vary = pathname === "/keyed" ? {} : { vary: `${selecting}, accept-language` };
  const named = ["x-tenant", "x-api-key", "cookie"].map((name) => headers.get(name) ?? "");
  const isFor = sha256HexAtOnce(named.join()).slice(0, 8);
  return page(`for ${isFor}`, cc("public, max-age=600", vary));
}

const clients = ["first", "second"].map((who) => ({
  "x-api-key": `leaky-key-of-${who}`,
  "x-tenant": `leaky-tenant-of-${who}`,
  cookie: `currency=leaky-${who}`,
  "accept-language": "de",
}));
const paths = ["/keyed", "/api", "/cookie", "/global"];

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
  clock.advance(300);
  // The objects use the clock of their runtime.
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
});
afterEach(() => void vi.useRealTimers());

interface World {
  readonly options: SiteOptions;
  /** Returns everything in the stores that the colos share. */
  readonly stored: () => string;
}

function overRedis(env: Record<string, string> = {}): World {
  const upstash = new UnsteadyUpstash(clock);
  return { options: { upstash, env }, stored: () => JSON.stringify(upstash.kept) };
}

function overObjects(): World {
  const records = new FakeRecordObjects();
  const journal = new FakeObject();
  const env = { RECORDS: records.namespace, JOURNAL: journal.namespace };
  const stored = () =>
    JSON.stringify([journal, ...records.all].map(({ database }) => contentOf(database)));
  return {
    options: { env, records: durableObjectRecords(), journal: durableObjectJournal() },
    stored,
  };
}

function contentOf(database: FakeObject["database"]) {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return tables.map(({ name }) => database.prepare(`SELECT * FROM "${String(name)}"`).all());
}

const worlds: Record<string, () => World> = {
  Redis: overRedis,
  "Durable Objects": overObjects,
};

const openTwo = ({ options }: World) =>
  openColos(2, {
    ...options,
    clock,
    config,
    origin,
    random: 0,
    env: { SITE_HOST: "www.example.com", ADMIN_TOKEN: adminToken, ...options.env },
  }) as [Site, Site];

/** Returns what the operator reads: explain with other values, the debug field, and all reports. */
async function operatorsAnswers(site: Site): Promise<Record<string, string>> {
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const { text, head } = await site.get(path, { headers: { ...headers, ...bearer } });
    return text + head;
  };
  const own = "header=x-api-key:own&header=x-tenant:own&header=cookie:currency%3Down";
  const questions = ["health", "stats", "metrics", "journal"];
  for (const path of paths) {
    for (const format of ["json", "text"]) {
      questions.push(`explain?url=${encodeURIComponent(path)}&format=${format}&${own}`);
    }
  }
  const answers: Record<string, string> = {};
  for (const question of questions) answers[question] = await ask(`/_cache/${question}`);
  const headers = { "tidemark-debug": adminToken, "x-api-key": "own", cookie: "currency=own" };
  for (const path of paths) answers[`debug ${path}`] = (await site.get(path, { headers })).head;
  return answers;
}

describe.each(Object.entries(worlds))("a site over %s", (_, open) => {
  it("finds each client's response in all colos, and stores and shows no value of a client", async () => {
    const world = open();
    const [near, far] = openTwo(world);
    for (const headers of clients) {
      for (const path of paths) {
        const first = await near.get(path, { headers });
        expect(first.cacheStatus).toContain("fwd=");
        for (const site of [near, far]) {
          for (let nth = 0; nth < 2; nth += 1) {
            const again = await site.get(path, { headers });
            expect([again.text, again.cacheStatus]).toEqual([
              first.text,
              expect.stringContaining("; hit"),
            ]);
          }
        }
      }
    }
    clock.advance(60);
    for (const headers of clients) for (const path of paths) await near.get(path, { headers });
    const left = {
      ...(await operatorsAnswers(near)),
      stores: world.stored(),
      "cache of the first colo": near.cache.addresses.join() + near.cache.text,
      "cache of the second colo": far.cache.addresses.join() + far.cache.text,
      log: JSON.stringify(near.lines),
    };
    expect(left.stores).toContain("/keyed");
    // Digests without a key would let a reader test guesses.
    const guessed = guesses().map((text) => sha256HexAtOnce(text).slice(0, 16));
    const leaks = ["leaky", ...guessed].flatMap((secret) =>
      Object.entries(left).flatMap(([place, text]) => (text.includes(secret) ? [place] : [])),
    );
    expect(leaks).toEqual([]);
  });
});

/** Returns the texts of all keys. */
function guesses(): string[] {
  const url = (path: string) => `GET https://www.example.com${path}`;
  return clients.flatMap((client) => {
    const varied = (name: "x-api-key" | "cookie") =>
      JSON.stringify(
        name < "accept-language"
          ? [
              [name, client[name]],
              ["accept-language", "de"],
            ]
          : [
              ["accept-language", "de"],
              [name, client[name]],
            ],
      );
    return [
      `${url("/keyed")}\n${JSON.stringify([[client["x-tenant"]], [client.cookie]])}`,
      `${url("/api")}\nvary ${varied("x-api-key")}`,
      `${url("/global")}\nvary ${varied("x-api-key")}`,
      `${url("/cookie")}\nvary ${varied("cookie")}`,
    ];
  });
}
