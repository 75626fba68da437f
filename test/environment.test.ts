// Bindings that are missing or make no sense are refused by their name, with what would be right
// and without any secret.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../src/config.ts";
import { type Env, readEnvironment } from "../src/environment.ts";
import { OperatorError } from "../src/operator-error.ts";

const origin = { ORIGIN_URL: "https://origin.example" };
const redis = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "s3cret",
};
const service = { fetch: () => Promise.resolve(new Response("bound")) };
const withHotKeys = defineConfig({ hotKeys: 50 });
const withBucket = defineConfig({ origins: { bucket: { binding: "BUCKET" } } });

function refusalOf(env: Env, config = defineConfig({})): string {
  try {
    readEnvironment(env, config);
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    return cause.message;
  }
  return "accepted";
}

describe("refused", () => {
  const bothOrNeither = "Set both as the database's page shows them, or neither to go without.";
  const alone = 'Write scheme and host alone, such as "https://www.example.com".';

  it.each<{ id: string; env: Env; config?: typeof withBucket; says: string }>([
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
      says: `Of "a.example", it is no URL. ${alone}`,
    },
    {
      id: "origin-scheme",
      env: { ORIGIN_URL: "ftp://a.example" },
      says: `Of "ftp://a.example", its scheme is "ftp:". ${alone}`,
    },
    {
      id: "origin-path",
      env: { ORIGIN_URL: "https://a.example/b" },
      says: `Of "https://a.example/b", it has a path or a query. ${alone}`,
    },
    {
      id: "origin-query",
      env: { ORIGIN_URL: "https://a.example?key=s3cret" },
      says: 'Of "https://a.example?…", it has a path or a query.',
    },
    {
      id: "origin-user",
      env: { ORIGIN_URL: "https://u:s3cret@a.example" },
      says: 'Of "https://…@a.example", it holds a user name or a password.',
    },
    {
      id: "origin-password-alone",
      env: { ORIGIN_URL: "https://:s3cret@a.example" },
      says: 'Of "https://…@a.example", it holds a user name or a password.',
    },
    {
      id: "origin-password-with-an-at",
      env: { ORIGIN_URL: "https://u:p@s3cret@a.example" },
      says: 'Of "https://…@a.example"',
    },
    {
      id: "origin-password-with-a-slash",
      env: { ORIGIN_URL: "https://u:p/s3cret@a.example" },
      says: 'Of "https://…@a.example"',
    },
    {
      id: "origin-password-without-scheme",
      env: { ORIGIN_URL: "u:s3cret@a.example" },
      says: 'Of "…@a.example"',
    },
    {
      id: "origin-not-bound",
      env: { ORIGIN: "text" },
      says: "The service binding ORIGIN is refused. It is not bound to a service. Name it under [[services]] in wrangler.toml.",
    },
    { id: "origin-null", env: { ORIGIN: null }, says: "The service binding ORIGIN is refused." },
    {
      id: "named-origin-not-bound",
      env: origin,
      config: withBucket,
      says: "The service binding BUCKET is refused.",
    },
    {
      id: "redis-without-token",
      env: { ...origin, UPSTASH_REDIS_REST_URL: "https://a.example" },
      says: `The shared tier is refused. UPSTASH_REDIS_REST_URL is set, UPSTASH_REDIS_REST_TOKEN is not. ${bothOrNeither}`,
    },
    {
      id: "redis-without-url",
      env: { ...origin, UPSTASH_REDIS_REST_TOKEN: "s3cret" },
      says: "UPSTASH_REDIS_REST_TOKEN is set, UPSTASH_REDIS_REST_URL is not.",
    },
    {
      id: "redis-scheme",
      env: {
        ...origin,
        ...redis,
        UPSTASH_REDIS_REST_URL: "rediss://default:s3cret@db.upstash.io:6379",
      },
      says: 'UPSTASH_REDIS_REST_URL begins with "rediss:"; it must be the REST address, with "https:".',
    },
    {
      id: "redis-no-url",
      env: { ...origin, ...redis, UPSTASH_REDIS_REST_URL: "s3cret" },
      says: "UPSTASH_REDIS_REST_URL is no URL;",
    },
    {
      id: "redis-user",
      env: { ...origin, ...redis, UPSTASH_REDIS_REST_URL: "https://u:s3cret@db.upstash.io" },
      says: "UPSTASH_REDIS_REST_URL holds a user name or a password;",
    },
    {
      id: "seal-key",
      env: { ...origin, SEAL_KEY: "s3cret" },
      says: "SEAL_KEY is set. What it asks for is not built yet, so it would have no effect. Unset it.",
    },
    {
      id: "hot-keys-without-redis",
      env: { ...origin, SITE_HOST: "www.example.com" },
      config: withHotKeys,
      says:
        "hotKeys is refused. UPSTASH_REDIS_REST_URL is not set, and without the shared tier nothing " +
        "can be kept warm. Set it, or leave hotKeys out of the configuration.",
    },
    {
      id: "hot-keys-without-a-host",
      env: { ...origin, ...redis },
      config: withHotKeys,
      says:
        "hotKeys is refused. SITE_HOST is not set, so nothing says which host a key from Redis may " +
        "name. Set it, or leave hotKeys out of the configuration.",
    },
    {
      id: "site-host-url",
      env: { ...origin, SITE_HOST: "https://a.example" },
      says: 'SITE_HOST is refused. "https://a.example" is no host as it stands in a URL.',
    },
    {
      id: "site-host-path",
      env: { ...origin, SITE_HOST: "a.example/b" },
      says: "SITE_HOST is refused.",
    },
    { id: "site-host-space", env: { ...origin, SITE_HOST: "a b" }, says: "SITE_HOST is refused." },
    {
      id: "site-host-usual-port",
      env: { ...origin, SITE_HOST: "a.example:443" },
      says: "SITE_HOST is refused.",
    },
    {
      id: "site-host-user",
      env: { ...origin, SITE_HOST: "u:s3cret@a.example" },
      says: '"…@a.example" is no host',
    },
  ])("$id", ({ env, config, says }) => {
    const message = refusalOf(env, config);
    expect(message).toContain(says);
    expect(message).not.toContain("s3cret");
  });
});

describe("a good environment comes to", () => {
  const read = (env: Env, config = defineConfig({})) => readEnvironment(env, config);

  it("nothing that was not set", () => {
    expect(read(origin)).toEqual({
      origins: new Map([["default", { kind: "url", base: "https://origin.example" }]]),
      redis: undefined,
      adminToken: undefined,
      siteHost: undefined,
      colo: undefined,
    });
  });

  it("everything that was", () => {
    const env = {
      ...origin,
      ...redis,
      ADMIN_TOKEN: "t",
      SITE_HOST: "WWW.Example.com:8787",
      COLO: "HAM",
    };
    expect(read(env)).toMatchObject({
      redis: { url: "https://db.upstash.io", token: "s3cret" },
      adminToken: "t",
      siteHost: "www.example.com:8787",
      colo: "HAM",
    });
  });

  it.each([
    { id: "trailing-slash", url: "https://A.example/", base: "https://a.example" },
    { id: "port", url: "http://127.0.0.1:8080", base: "http://127.0.0.1:8080" },
    { id: "usual-port", url: "https://a.example:443", base: "https://a.example" },
  ])("an origin's address: $id", ({ url, base }) => {
    expect(read({ ORIGIN_URL: url }).origins.get("default")).toEqual({ kind: "url", base });
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
    expect(origins.get("api")).toEqual({ kind: "url", base: "https://api.example" });
  });
});
