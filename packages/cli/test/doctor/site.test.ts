// Tests the findings and exit codes of `tidemark doctor` for a site that runs the real application.
import { describe, expect, it } from "vitest";
import { durableObjectJournal } from "../../../../src/cloudflare.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../../testing/fakes/fake-object.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { openSite, type SiteOptions } from "../../../../testing/site/harness.ts";
import type { DoctorFinding } from "../../src/doctor/finding.ts";
import { examineSite } from "../../src/doctor/site/examine-site.ts";
import { SiteClient } from "../../src/site/site-client.ts";
import { bareWorld, FakeUser } from "../fakes/fake-world.ts";
import { proving } from "../fakes/proving.ts";
import { adminToken, operatorEnv, reaching, siteUrl } from "../fakes/site-as-fetch.ts";

const page = {
  origin: () => new Response("page", { headers: { "cache-control": "s-maxage=600" } }),
};

const machineAtMs = Date.UTC(2026, 10, 1);

/** Opens a site, by default without a database. */
async function opened(options: SiteOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  clock.atMs = machineAtMs;
  const env = { ADMIN_TOKEN: adminToken, ...options.env };
  const site = openSite({ ...page, ...options, clock, env });
  const { fetch, asked } = reaching(site);
  const onSleep = async (ms: number) => {
    // Without a database, background work always ends.
    if (options.upstash === undefined) await site.settle();
    clock.advance(ms / 1_000);
  };
  const user = await FakeUser.at({ fetch, env: operatorEnv, onSleep });
  return { site, user, asked };
}

function withDatabase(): SiteOptions & { readonly upstash: FakeUpstash } {
  const clock = new FakeClock();
  return { clock, upstash: new FakeUpstash(clock) };
}

interface Told {
  readonly site: string | null;
  readonly findings: readonly DoctorFinding[];
  readonly lookedAt: readonly string[];
  readonly notLookedAt: readonly string[];
}

const toldIn = (out: string) => JSON.parse(out) as Told;

describe("`tidemark doctor` for a healthy site", () => {
  it("reports no finding, and sends no POST request", async () => {
    const { user, asked } = await opened();
    const { code, out, notes } = await user.runs(["doctor", "--json"]);
    expect({ code, notes }).toEqual({ code: 0, notes: "" });
    const { site, findings, lookedAt } = toldIn(out);
    expect({ site, findings }).toEqual({ site: siteUrl, findings: [] });
    expect(lookedAt).toHaveLength(2);
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
  });

  it("prints text that lists what it did not check, without the token", async () => {
    const { user } = await opened();
    const { code, out } = await user.runs(["doctor"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Nothing was found\.\n\nChecked:\n/);
    expect(out).toContain("\nNot checked:\n  The wrangler file: this folder has none");
    expect(out).not.toContain(adminToken);
  });

  it("sends a purge only with --purge and --yes", async () => {
    const { user, asked } = await opened(withDatabase());
    const withoutFetch = await user.runs(["doctor", "--purge"]);
    expect(withoutFetch.code).toBe(2);
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
    const { out } = await user.runs(["doctor", "--purge", "--yes", "--json"]);
    expect(toldIn(out).lookedAt).toContain("a purge of these pages: /");
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual(["POST /_cache/purge"]);
    expect(toldIn(out).findings.map((one) => one.code)).not.toContain("purge-not-seen");
  });
});

const findsIn = async (options: SiteOptions) => {
  const { user } = await opened(options);
  const { code, out } = await user.runs(["doctor", "--json"]);
  return { code, findings: toldIn(out).findings };
};
const answering = (headers: Record<string, string>) => ({
  origin: () => new Response("x", { headers }),
});
const lent = { "cache-control": "max-age=60", "set-cookie": "a=b" };

describe("`tidemark doctor` for a site with one fault", () => {
  it.each([
    ["an unusable variable", { env: { PURGE_SECRET: "abc" } }, "configuration warning", 3],
    ["the variable BYPASS", { env: { BYPASS: "all" } }, "bypass-set info", 0],
    [
      "an origin that sends no-store",
      answering({ "cache-control": "no-store" }),
      "origin-forbids-caching warning",
      3,
    ],
    ["an origin without a lifetime", answering({ etag: '"a"' }), "no-lifetime warning", 3],
    ["an origin that sets cookies", answering(lent), "cookie-on-page warning", 3],
  ])("reports only this fault: %s", async (_, options, expected, exit) => {
    const { code, findings } = await findsIn(options);
    expect(findings.map((one) => `${one.code} ${one.level}`)).toEqual([expected]);
    expect(code).toBe(exit);
  });

  it("reports a database that refuses its token", async () => {
    const database = withDatabase();
    database.upstash.mode = "refuses";
    database.upstash.refusal = { status: 401, error: "WRONGPASS invalid or missing auth token" };
    const { code, findings } = await findsIn(database);
    expect(code).toBe(3);
    expect(findings[0]).toMatchObject({ code: "redis-credentials", level: "critical" });
  });
});

it.each([
  { ms: 99, codes: [] },
  { ms: 100, codes: ["journal-far info"] },
])("doctor shows the round trip to the journal, here $ms ms", async ({ ms, codes }) => {
  const clock = new FakeClock();
  const object = new FakeObject();
  object.beforeReply = async (call) => void (call === "extent" && (clock.atMs += ms));
  const { user } = await opened({
    clock,
    journal: durableObjectJournal({ locationHint: "weur" }),
    env: { JOURNAL: object.namespace },
  });
  const { out } = await user.runs(["doctor", "--json"]);
  const { findings, lookedAt } = toldIn(out);
  expect(findings.map(({ code, level }) => `${code} ${level}`)).toEqual(codes);
  expect(lookedAt).toContainEqual(expect.stringMatching(`^The journal: .* took ${ms} ms$`));
});

const gone = "https://gone.example.com";
const wrongToken = { ...operatorEnv, TIDEMARK_TOKEN: "another-token-than-that" };
const wrongPath = { ...operatorEnv, TIDEMARK_OPERATOR_PATH: "/_other" };

it.each([
  ["without a token", { TIDEMARK_SITE: siteUrl }, 0, [], "there is no token"],
  ["with a wrong token", wrongToken, 3, ["token-refused"], "The operator's routes"],
  ["with a wrong operatorPath", wrongPath, 3, ["not-tidemark"], "is not from Tidemark."],
  [
    "if the site is unreachable",
    { ...operatorEnv, TIDEMARK_SITE: gone },
    1,
    ["unreachable"],
    "The operator's routes",
  ],
  [
    "if the site is unreachable and there is no token",
    { TIDEMARK_SITE: gone },
    1,
    ["unreachable"],
    "The page / of the site",
  ],
])("`tidemark doctor` lists what it could not check %s", async (_, env, code, codes, unseen) => {
  const { user } = await opened();
  const ran = await user.runs(["doctor", "--json"], { env });
  expect(ran.code).toBe(code);
  const { findings, notLookedAt } = toldIn(ran.out);
  expect(findings.map((one) => one.code)).toEqual(codes);
  expect(notLookedAt.join("\n")).toContain(unseen);
});

it.each([
  ["a site", ["--site", gone]],
  ["an origin", ["--origin", gone]],
])("`tidemark doctor` reports %s that is unreachable", async (_, named) => {
  const { user } = await opened();
  const ran = await user.runs(["doctor", ...named], { env: {} });
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/^Found: 1 critical\.\n\ncritical unreachable\n {2}No page of /);
});

it("`tidemark doctor` refuses a page of another site", async () => {
  const { user } = await opened();
  const ran = await user.runs(["doctor", "--page", "https://other.example/a"]);
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.notes).toContain("is not a path of");
});

it("`tidemark doctor` completes its checks if the site refuses the purge", async () => {
  const { user } = await opened();
  const { code, out, notes } = await user.runs(["doctor", "--purge", "--yes", "--json"]);
  expect({ code, notes }).toEqual({ code: 3, notes: "" });
  const { findings, lookedAt } = toldIn(out);
  expect(findings).toMatchObject([{ code: "purge-refused", level: "critical" }]);
  expect(lookedAt).toHaveLength(2);
});

it("`tidemark doctor` refuses to purge without a token", async () => {
  const { user, asked } = await opened();
  const ran = await user.runs(["doctor", "--purge", "--yes"], { env: { TIDEMARK_SITE: siteUrl } });
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.notes).toContain("--purge needs a token that");
  expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
});

it("`examineSite` finds no fault in a Worker that was created without operate", async () => {
  const fetch = proving(async () => Response.json({ status: "ok" }), adminToken);
  const world = { ...bareWorld, fetch, nowAtMs: () => machineAtMs };
  const chosen = { origin: siteUrl, operatorPath: "/_cache", token: adminToken };
  expect(await examineSite(new SiteClient(chosen, world))).toEqual({
    findings: [],
    lookedAt: [],
    notLookedAt: [expect.stringContaining("without operate. Its status is ok.")],
    isOperator: true,
    explains: false,
  });
});

it("`examineSite` tolerates a site without metrics", async () => {
  const health = {
    status: "ok",
    summary: "Nothing was found.",
    scope: "This isolate.",
    at: new Date(machineAtMs).toISOString(),
    version: "0.1.0",
    colo: "HAM",
    findings: [],
    notLookedAt: ["The counts of all isolates: there is no database."],
  };
  const configured = { configuredRoutes: [], configuredHooks: [] };
  const stats = { version: "0.1.0", colo: "HAM", atMs: 0, faults: [], ...configured };
  const why = "There is no database.";
  const error = { code: "none", what: "No metrics.", why, hint: "Set one." };
  const told: Readonly<Record<string, Response>> = {
    "/_cache/health": Response.json(health),
    "/_cache/stats": Response.json(stats),
    "/_cache/metrics": Response.json({ error }, { status: 404 }),
  };
  const world = {
    ...bareWorld,
    fetch: proving(
      async (input) =>
        told[new URL(input instanceof Request ? input.url : input).pathname] ?? Response.error(),
      adminToken,
    ),
    nowAtMs: () => machineAtMs,
  };
  const chosen = { origin: siteUrl, operatorPath: "/_cache", token: adminToken };
  const { findings, notLookedAt } = await examineSite(new SiteClient(chosen, world));
  expect(findings).toEqual([]);
  expect(notLookedAt).toEqual([
    ...health.notLookedAt,
    "The metrics of the site: There is no database.",
  ]);
});
