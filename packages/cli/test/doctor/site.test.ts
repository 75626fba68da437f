// `tidemark doctor` with the real application: what it takes over from the site, and how it ends.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { openSite, type SiteOptions } from "../../../../testing/site/harness.ts";
import type { DoctorFinding } from "../../src/doctor/finding.ts";
import { examineSite } from "../../src/doctor/site/examine-site.ts";
import { SiteClient } from "../../src/site/site-client.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { proving } from "../fakes/proving.ts";
import { adminToken, operatorEnv, reaching, siteUrl } from "../fakes/site-as-fetch.ts";

const page = {
  origin: () => new Response("page", { headers: { "cache-control": "max-age=600" } }),
};

const machineAtMs = Date.UTC(2026, 10, 1);

/** Without a database, and with the clock of the user's machine. */
async function opened(options: SiteOptions = {}, aheadMs = 0) {
  const clock = options.clock ?? new FakeClock();
  clock.atMs = machineAtMs + aheadMs;
  const env = { ADMIN_TOKEN: adminToken, ...options.env };
  const site = openSite({ ...page, ...options, clock, env });
  const { fetch, asked } = reaching(site);
  const onSleep = async (ms: number) => {
    // What goes on behind answers ends without a database.
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

describe("a site in which all is well", () => {
  it("has no finding", async () => {
    const { user, asked } = await opened();
    const { code, out, notes } = await user.runs(["doctor", "--json"]);
    expect({ code, notes }).toEqual({ code: 0, notes: "" });
    const { site, findings, lookedAt } = toldIn(out);
    expect({ site, findings }).toEqual({ site: siteUrl, findings: [] });
    expect(lookedAt).toHaveLength(2);
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
  });

  it("is told to people, with what was not looked at", async () => {
    const { user } = await opened();
    const { code, out } = await user.runs(["doctor"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Nothing was found\.\n\nChecked:\n/);
    expect(out).toContain("\nNot checked:\n  The wrangler file: this folder has none");
    expect(out).not.toContain(adminToken);
  });

  it("is purged only where --purge is said, and somebody says yes", async () => {
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

const troubles: readonly { name: string; options: SiteOptions; codes: readonly string[] }[] = [
  {
    name: "a variable that is not usable",
    options: { env: { PURGE_SECRET: "abc" } },
    codes: ["configuration warning"],
  },
  { name: "BYPASS", options: { env: { BYPASS: "all" } }, codes: ["bypass-set info"] },
  {
    name: "an origin that forbids caching",
    options: { origin: () => new Response("x", { headers: { "cache-control": "no-store" } }) },
    codes: ["origin-forbids-caching warning"],
  },
  {
    name: "an origin without a lifetime",
    options: { origin: () => new Response("x", { headers: { etag: '"a"' } }) },
    codes: ["no-lifetime warning"],
  },
  {
    name: "an origin that sets cookies",
    options: {
      origin: () =>
        new Response("x", { headers: { "cache-control": "max-age=60", "set-cookie": "a=b" } }),
    },
    codes: ["cookie-on-page warning"],
  },
];

describe("a site with", () => {
  it.each(troubles)("$name", async ({ options, codes }) => {
    const { user } = await opened(options);
    const { code, out } = await user.runs(["doctor", "--json"]);
    const { findings } = toldIn(out);
    expect(findings.map((one) => `${one.code} ${one.level}`)).toEqual(codes);
    expect(code).toBe(codes.every((one) => one.endsWith("info")) ? 0 : 3);
  });

  it("a database that refuses its token", async () => {
    const database = withDatabase();
    database.upstash.mode = "refuses";
    database.upstash.refusal = { status: 401, error: "WRONGPASS invalid or missing auth token" };
    const { user } = await opened(database);
    const { code, out } = await user.runs(["doctor", "--json"]);
    expect(code).toBe(3);
    expect(toldIn(out).findings[0]).toMatchObject({ code: "redis-credentials", level: "critical" });
  });

  it("another clock than this machine's", async () => {
    const { user } = await opened({}, 7_000);
    const { out } = await user.runs(["doctor", "--json"]);
    expect(toldIn(out).findings).toMatchObject([{ code: "machine-clock", level: "info" }]);
  });
});

const ends = [
  {
    name: "without a token, its pages alone are looked at",
    env: { TIDEMARK_SITE: siteUrl },
    code: 0,
    codes: [],
    unseen: "there is no token",
  },
  {
    name: "with a wrong token, that is a finding",
    env: { ...operatorEnv, TIDEMARK_TOKEN: "another-token-than-that" },
    code: 3,
    codes: ["token-refused"],
    unseen: "The operator's routes",
  },
  {
    name: "with a wrong operatorPath, that is a finding",
    env: { ...operatorEnv, TIDEMARK_OPERATOR_PATH: "/_other" },
    code: 3,
    codes: ["not-tidemark"],
    unseen: "is not from Tidemark.",
  },
  {
    name: "out of reach, the command fails",
    env: { ...operatorEnv, TIDEMARK_SITE: "https://gone.example.com" },
    code: 1,
    codes: [],
    unseen: "The operator's routes",
  },
  {
    name: "out of reach and without a token, the command fails",
    env: { TIDEMARK_SITE: "https://gone.example.com" },
    code: 1,
    codes: [],
    unseen: "The page / of the site",
  },
] as const;

it.each(ends)("$name", async ({ env, code, codes, unseen }) => {
  const { user } = await opened();
  const ran = await user.runs(["doctor", "--json"], { env });
  expect(ran.code).toBe(code);
  const { findings, notLookedAt } = toldIn(ran.out);
  expect(findings.map((one) => one.code)).toEqual(codes);
  expect(notLookedAt.join("\n")).toContain(unseen);
});

it("refuses a page of another site", async () => {
  const { user } = await opened();
  const ran = await user.runs(["doctor", "--page", "https://other.example/a"]);
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.notes).toContain("is not a path of");
});

it("tells what it has seen where the site refuses the purge", async () => {
  const { user } = await opened();
  const { code, out, notes } = await user.runs(["doctor", "--purge", "--yes", "--json"]);
  expect({ code, notes }).toEqual({ code: 3, notes: "" });
  const { findings, lookedAt } = toldIn(out);
  expect(findings).toMatchObject([{ code: "purge-refused", level: "critical" }]);
  expect(lookedAt).toHaveLength(2);
});

it("refuses to purge without a token that the site takes", async () => {
  const { user, asked } = await opened();
  const ran = await user.runs(["doctor", "--purge", "--yes"], { env: { TIDEMARK_SITE: siteUrl } });
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.notes).toContain("--purge needs a token that");
  expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
});

it("takes over faults that health does not tell, and does without metrics", async () => {
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
  const fault = { what: "hotKeys is off.", why: "SITE_HOST is not set.", hint: "Set it." };
  const stats = { version: "0.1.0", colo: "HAM", atMs: 0, faults: [fault], configuredRoutes: [] };
  const error = {
    code: "none",
    what: "No metrics.",
    why: "There is no database.",
    hint: "Set one.",
  };
  const told: Readonly<Record<string, Response>> = {
    "/_cache/health": Response.json(health),
    "/_cache/stats": Response.json(stats),
    "/_cache/metrics": Response.json({ error }, { status: 404 }),
  };
  const world = {
    fetch: proving(
      async (input) =>
        told[new URL(input instanceof Request ? input.url : input).pathname] ?? Response.error(),
      adminToken,
    ),
    interrupted: new AbortController().signal,
    nowAtMs: () => machineAtMs,
  };
  const chosen = { origin: siteUrl, operatorPath: "/_cache", token: adminToken };
  const { findings, notLookedAt } = await examineSite(new SiteClient(chosen, world), world);
  expect(findings).toMatchObject([{ code: "configuration", what: fault.what, remedy: fault.hint }]);
  expect(notLookedAt).toEqual([
    ...health.notLookedAt,
    "The metrics of the site: There is no database.",
  ]);
});
