// Bindings that are missing or make no sense are named, with what would be right and without any
// secret: refused where answers would be wrong, else a fault that shuts off what needs them.
import "../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { type Config, defineConfig } from "../../src/config/config.ts";
import type { Env } from "../../src/protocol/variables/bindings.ts";
import { readEnvironment } from "../../src/platform/environment.ts";
import { faultText, OperatorError } from "../../src/base/operator-error.ts";

const origin = { ORIGIN_URL: "https://origin.example" };
const redis = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "s3cret",
};
const journal = {
  JOURNAL_REDIS_REST_URL: "https://journal.upstash.io",
  JOURNAL_REDIS_REST_TOKEN: "s3cret",
};
const service = { fetch: () => Promise.resolve(new Response("bound")) };
/** A service binding has every member that it is asked for: each is a call of it. */
const serviceOfWorker = new Proxy(
  {},
  { get: () => () => Promise.reject(new Error("No such method.")), has: () => true },
);
const withHotKeys = defineConfig({ hotKeys: 50 });
const withBucket = defineConfig({ origins: { bucket: { binding: "BUCKET" } } });

function refusalOf(env: Env): string {
  try {
    readEnvironment(env, defineConfig({}));
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    return cause.message;
  }
  return "accepted";
}

describe("refused", () => {
  const alone = 'Write only scheme and host, such as "https://www.example.com".';

  it.each<{ id: string; env: Env; says: string }>([
    {
      id: "no-origin",
      env: {},
      says:
        "There is no origin. Neither ORIGIN_URL nor a service binding ORIGIN is set. " +
        'Set ORIGIN_URL to the site\'s origin, such as "https://www.example.com".',
    },
    { id: "origin-empty", env: { ORIGIN_URL: "" }, says: "There is no origin." },
    { id: "origin-not-a-text", env: { ORIGIN_URL: 5 }, says: "There is no origin." },
    {
      id: "origin-no-url",
      env: { ORIGIN_URL: "a.example" },
      says: `Its value is not a URL. ${alone}`,
    },
    {
      id: "origin-scheme",
      env: { ORIGIN_URL: "ftp://a.example" },
      says: `"ftp://a.example" has a scheme that is neither "https:" nor "http:". ${alone}`,
    },
    {
      id: "origin-path",
      env: { ORIGIN_URL: "https://a.example/b" },
      says: `"https://a.example/…" has a path or a query. ${alone}`,
    },
    {
      id: "origin-query",
      env: { ORIGIN_URL: "https://a.example?key=s3cret" },
      says: '"https://a.example/…" has a path or a query.',
    },
    {
      id: "origin-user",
      env: { ORIGIN_URL: "https://u:s3cret@a.example" },
      says: '"https://a.example" holds a user name or a password.',
    },
    {
      id: "origin-password-alone",
      env: { ORIGIN_URL: "https://:s3cret@a.example" },
      says: '"https://a.example" holds a user name or a password.',
    },
    {
      id: "origin-password-with-an-at",
      env: { ORIGIN_URL: "https://u:p@s3cret@a.example" },
      says: 'ORIGIN_URL is invalid. "https://a.example" ',
    },
    {
      id: "origin-password-with-a-slash",
      env: { ORIGIN_URL: "https://u:p/s3cret@a.example" },
      says: "ORIGIN_URL is invalid. Its value is not a URL.",
    },
    {
      id: "origin-password-without-scheme",
      env: { ORIGIN_URL: "u:s3cret@a.example" },
      says: "ORIGIN_URL is invalid. Its value has a scheme",
    },
    {
      id: "origin-query-with-an-at",
      env: { ORIGIN_URL: "https://a.example?u@s3cret" },
      says: "Its value has a path or a query.",
    },
    {
      id: "origin-fragment-with-an-at",
      env: { ORIGIN_URL: "https://a.example#u@s3cret" },
      says: "Its value has a path or a query.",
    },
    {
      id: "origin-path-with-an-at",
      env: { ORIGIN_URL: "https://a.example/u@s3cret" },
      says: "Its value has a path or a query.",
    },
    {
      id: "origin-path-with-a-token",
      env: { ORIGIN_URL: "https://a.example/s3cret" },
      says: '"https://a.example/…" has a path or a query.',
    },
    {
      id: "origin-token-alone",
      env: { ORIGIN_URL: "s3cret" },
      says: "Its value is not a URL.",
    },
    {
      id: "origin-password-with-a-hash",
      env: { ORIGIN_URL: "https://u:p@s3cret#p@a.example" },
      says: "Its value holds",
    },
    {
      id: "origin-password-in-a-port",
      env: { ORIGIN_URL: "ftp://s3cret:12/3@a.example" },
      says: "Its value has a scheme",
    },
    {
      id: "origin-host-with-a-token",
      env: { ORIGIN_URL: "ftp://a.example;token=s3cret/" },
      says: "Its value has a scheme",
    },
    {
      id: "origin-not-bound",
      env: { ORIGIN: "text" },
      says: "The service binding ORIGIN is invalid. It is not bound to a service, so its origin cannot be reached. Name it under [[services]] in wrangler.toml.",
    },
    { id: "origin-null", env: { ORIGIN: null }, says: "The service binding ORIGIN is invalid." },
  ])("$id", ({ env, says }) => {
    const message = refusalOf(env);
    expect(message).toContain(says);
    expect(message).not.toContain("s3cret");
  });
});

describe("a fault shuts off what needs the binding, and nothing else", () => {
  const read = (env: Env, config = defineConfig({})) =>
    readEnvironment({ ...origin, ...env }, config);
  const bothOrNeither =
    "Set both as shown on the database's page, or neither to run without a database.";
  const databaseOff = "The database is not used: the shared tier and purges are off.";
  const goodSecret = "whsec_pn1u2pHDwTpHKG0VUYgvZqH/MwKJq4LO";

  it.each<{ id: string; env: Env; says: string }>([
    {
      id: "without-token",
      env: { UPSTASH_REDIS_REST_URL: "https://a.example" },
      says: `${databaseOff} UPSTASH_REDIS_REST_TOKEN is not set. ${bothOrNeither}`,
    },
    {
      id: "without-url",
      env: { UPSTASH_REDIS_REST_TOKEN: "s3cret" },
      says: "UPSTASH_REDIS_REST_URL is not set.",
    },
    {
      id: "token-not-a-text",
      env: { ...redis, UPSTASH_REDIS_REST_TOKEN: { get: () => "s3cret" } },
      says: "UPSTASH_REDIS_REST_TOKEN is not a string.",
    },
    {
      id: "token-of-two-lines",
      env: { ...redis, UPSTASH_REDIS_REST_TOKEN: "s3cret\ns3cret" },
      says: "UPSTASH_REDIS_REST_TOKEN has an invalid character.",
    },
    {
      id: "scheme",
      env: { ...redis, UPSTASH_REDIS_REST_URL: "rediss://default:s3cret@db.upstash.io:6379" },
      says: 'UPSTASH_REDIS_REST_URL has a scheme that is neither "https:" nor "http:"; it must be the REST address, with "https:".',
    },
    {
      id: "user-without-scheme",
      env: { ...redis, UPSTASH_REDIS_REST_URL: "s3cret:x@db.upstash.io" },
      says: "UPSTASH_REDIS_REST_URL has a scheme that is neither",
    },
    {
      id: "no-url",
      env: { ...redis, UPSTASH_REDIS_REST_URL: "s3cret" },
      says: "UPSTASH_REDIS_REST_URL is not a URL;",
    },
    {
      id: "user",
      env: { ...redis, UPSTASH_REDIS_REST_URL: "https://u:s3cret@db.upstash.io" },
      says: "UPSTASH_REDIS_REST_URL holds a user name or a password;",
    },
    {
      id: "seal-key",
      env: { ...redis, SEAL_KEY: "s3cret" },
      says: `${databaseOff} SEAL_KEY is set, but sealed records are not built yet.`,
    },
  ])("the database: $id", ({ env, says }) => {
    const { faults, redis: database, ...rest } = read(env);
    expect(faults).toEqual([database]);
    const { faults: none, redis: unset, ...usual } = read({});
    expect([none, unset, rest]).toEqual([[], undefined, usual]);
    const text = faultText(faults[0]!);
    expect(text).toContain(says);
    expect(text).not.toContain("s3cret");
  });

  it.each<{ id: string; token: unknown; says: string }>([
    { id: "short", token: "s3cret-of-15-ch", says: "It has fewer than 16 characters" },
    { id: "of-two-words", token: "s3cret and one more", says: "It has a character that no" },
    { id: "of-other-letters", token: "s3cret-größe-und-länge", says: "It has a character that no" },
    { id: "not-a-text", token: { get: () => "s3cret" }, says: "It is not a string." },
  ])("ADMIN_TOKEN: $id", ({ token, says }) => {
    const { faults, adminToken } = read({ ADMIN_TOKEN: token });
    expect(faults).toEqual([adminToken]);
    const text = faultText(faults[0]!);
    expect(text).toContain(
      `ADMIN_TOKEN is not usable, so the operator's routes are closed. ${says}`,
    );
    expect(text).not.toContain("s3cret");
  });

  it.each<{ id: string; secret: unknown }>([
    { id: "no-prefix", secret: "s3cret" },
    { id: "short", secret: "whsec_s3cretAAAAAAAAA" },
    { id: "not-a-text", secret: 5 },
  ])("PURGE_SECRET: $id", ({ secret }) => {
    const { faults, purgeSecrets } = read({ PURGE_SECRET: secret });
    expect(faults).toEqual([purgeSecrets]);
    const text = faultText(faults[0]!);
    expect(text).toContain("It is not whsec_ and base64 of at least 12 bytes.");
    expect(text).not.toContain("s3cret");
  });

  it("PURGE_SECRET: one of several is wrong, and the others are used", () => {
    const { faults, purgeSecrets } = read({ PURGE_SECRET: `whsec_s3cret ${goodSecret}` });
    expect(purgeSecrets).toBe(goodSecret);
    expect(faults.map(faultText)).toEqual([
      expect.stringContaining("usable in part: 1 of its secrets"),
    ]);
  });

  it("a named origin that is not bound", () => {
    const { faults, origins } = read({}, withBucket);
    expect([...origins.keys()]).toEqual(["default"]);
    expect(faults.map(({ what }) => what)).toEqual(["The service binding BUCKET is invalid."]);
  });

  it.each<{ id: string; env: Env; says: readonly string[] }>([
    { id: "without-redis", env: { SITE_HOST: "a.example" }, says: ["There is no usable database"] },
    { id: "without-a-host", env: redis, says: ["SITE_HOST is not set"] },
    { id: "with-both", env: { ...redis, SITE_HOST: "a.example" }, says: [] },
  ])("hot keys: $id", ({ env, says }) => {
    const { faults, hotKeys } = read(env, withHotKeys);
    expect(hotKeys).toBe(says.length === 0 ? 50 : 0);
    expect(faults.map(({ why }) => why)).toEqual(says.map((text) => expect.stringContaining(text)));
  });
});

describe("a good environment comes to", () => {
  const read = (env: Env, config = defineConfig({})) => readEnvironment(env, config);

  it("nothing that was not set", () => {
    expect(read(origin)).toEqual({
      origins: new Map([
        ["default", { kind: "url", base: "https://origin.example", rewritesLocations: true }],
      ]),
      redis: undefined,
      journal: undefined,
      adminToken: undefined,
      purgeSecrets: undefined,
      hooks: new Map(),
      namespace: "tidemark",
      siteHosts: [],
      bypass: false,
      colo: undefined,
      pseudonym: expect.stringMatching(/^tidemark-[\w-]{11}$/),
      hotKeys: 0,
      faults: [],
    });
  });

  it("everything that was", () => {
    const env = {
      ...origin,
      ...redis,
      ...journal,
      ADMIN_TOKEN: " sixteen-Letter5-\n",
      PURGE_SECRET: " \n",
      SITE_HOST: "WWW.Example.com:8787",
      COLO: "HAM",
    };
    expect(read(env)).toMatchObject({
      redis: { url: "https://db.upstash.io", token: "s3cret" },
      journal: { url: "https://journal.upstash.io", token: "s3cret" },
      adminToken: "sixteen-Letter5-",
      purgeSecrets: undefined,
      siteHosts: ["www.example.com:8787"],
      colo: "HAM",
      faults: [],
    });
  });

  it.each([
    { id: "trailing-slash", url: "https://A.example/", base: "https://a.example" },
    { id: "port", url: "http://127.0.0.1:8080", base: "http://127.0.0.1:8080" },
    { id: "usual-port", url: "https://a.example:443", base: "https://a.example" },
  ])("an origin's address: $id", ({ url, base }) => {
    expect(read({ ORIGIN_URL: url }).origins.get("default")).toMatchObject({ kind: "url", base });
  });

  describe("a name for the deployment", () => {
    const all = {
      ...origin,
      ...redis,
      PURGE_SECRET: "whsec_Pgl4vj9dOMdPFMjzq42CcM/HYgd0fya2",
      SITE_HOST: "www.example.com",
    };
    const named = (env: Env, config?: Config) => read(env, config).pseudonym;

    it("that its isolates have in common, in every colo", () => {
      expect(named({ ...all, COLO: "HAM" })).toBe(named({ ...all, COLO: "AMS" }));
    });

    it.each<{ id: string; env?: Env; config?: Config }>([
      { id: "database", env: { UPSTASH_REDIS_REST_TOKEN: "another" } },
      { id: "secret", env: { PURGE_SECRET: "whsec_a1Pt6sBx7RNlzQZwifC6lYBZNnVb1eOG" } },
      { id: "site", env: { SITE_HOST: "shop.example.com" } },
      { id: "namespace-by-environment", env: { NAMESPACE: "second" } },
      { id: "namespace", config: defineConfig({ namespace: "second" }) },
    ])("that no other has: $id", ({ env, config }) => {
      expect(named({ ...all, ...env }, config)).not.toBe(named(all));
    });

    it("that tells nothing of an origin's address", () => {
      const config = defineConfig({ origins: { api: { url: "https://a.example" } } });
      expect(named({ ORIGIN_URL: "https://other.example" }, config)).toBe(named(origin));
    });

    it("that tells nothing of a token that may be words", () => {
      const [one, other] = ["one", "other"].map((word) => ({
        ADMIN_TOKEN: `${word}-of-a-few-words`,
      }));
      expect(named({ ...all, ...one })).toBe(named({ ...all, ...other }));
    });
  });

  it("a binding before an address", () => {
    const target = read({ ...origin, ORIGIN: service }).origins.get("default");
    expect(target).toMatchObject({ kind: "binding", fetcher: service });
  });

  it("further origins by their names", () => {
    const config = defineConfig({
      origins: { bucket: { binding: "BUCKET" }, api: { url: "https://api.example/" } },
    });
    const { origins } = read({ ...origin, BUCKET: service }, config);
    expect(origins.get("bucket")).toMatchObject({ kind: "binding" });
    expect(origins.get("api")).toMatchObject({ kind: "url", base: "https://api.example" });
  });
});

describe("a binding to a Worker is no", () => {
  it.each([
    { id: "dataset", name: "METRICS", found: "dataset" as const },
    { id: "rate limiter", name: "ORIGIN_LIMITER", found: "originLimiter" as const },
  ])("$id", ({ name, found }) => {
    const read = readEnvironment({ ...origin, [name]: serviceOfWorker }, defineConfig({}));
    expect(read[found]).toBe(undefined);
    expect(read.faults.map(faultText)).toEqual([expect.stringContaining(`${name} is not usable`)]);
  });
});
