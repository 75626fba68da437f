// Tests NAMESPACE, which separates the keys of two environments with one configuration in one
// database.
// Needs parts: global-collapse, hot-keys.
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const host = "www.example.com";

/** Returns each key or key pattern in the given Redis commands. */
function keysOf(body: unknown): string[] {
  const commands = Array.isArray((body as unknown[])[0])
    ? (body as unknown[][])
    : [body as unknown[]];
  return commands.flatMap((command) => {
    const [name = "", ...rest] = command.map(String);
    if (/^info$/i.test(name)) return [];
    if (/^scan$/i.test(name)) return rest[rest.findIndex((word) => /^match$/i.test(word)) + 1]!;
    return /^eval/i.test(name) ? rest.slice(2, 2 + Number(rest[1])) : (rest[0] ?? "");
  });
}

function open(env: Readonly<Record<string, string>>): { site: Site; keys: Set<string> } {
  const clock = new FakeClock();
  clock.advance(300);
  const upstash = new FakeUpstash(clock);
  const keys = new Set<string>();
  const answer = upstash.answer.bind(upstash);
  upstash.answer = (path, body) => {
    for (const key of keysOf(body)) keys.add(key);
    return answer(path, body);
  };
  const site = openSite({
    config: {
      namespace: "news",
      parts: [hotKeys(5)],
      routes: [{ name: "all", match: "*", use: [globalCollapse()] }],
    },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600", { vary: "accept-language" })),
    env: { SITE_HOST: host, ADMIN_TOKEN: adminToken, ...env },
    random: 0,
    clock,
    upstash,
  });
  return { site, keys };
}

it.each([
  { id: "configuration", env: {}, namespace: "news" },
  { id: "environment", env: { NAMESPACE: "staging" }, namespace: "staging" },
])("each key in Redis begins with the namespace of the $id", async ({ env, namespace }) => {
  const { site, keys } = open(env);
  for (let asked = 0; asked < 3; asked += 1) await site.get("/a");
  site.clock.advance(60);
  await site.get("/a");
  await send(site, { tags: ["a"] });
  await send(site, { tags: ["a"], dryRun: true });
  await site.runCron();
  const kinds = [...keys].map((key) => key.replace(/:[\w-]{20,}$/, ":…")).toSorted();
  const ofJournal = ["", ":lineages", ":released"];
  const expected = [
    "ballast",
    "hot",
    ...ofJournal.map((kind) => `journal${kind}`),
    "lock:…",
    "probe",
    "r:*",
    "r:…",
    "secret",
    "switch",
  ];
  expect([...new Set(kinds)]).toEqual(expected.map((kind) => `${namespace}:${kind}`));
});
