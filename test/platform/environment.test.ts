// Tests missing and invalid bindings. They are refused if answers would be wrong. Otherwise, a
// fault shuts off what needs the binding. The text says what to write, and repeats no secret.
import "../../testing/fakes/workers-globals.ts";
import { describe, expect, it } from "vitest";
import { type Config, defineConfig } from "../../src/config/config.ts";
import type { Env } from "../../src/protocol/variables/bindings.ts";
import { pseudonymOf, readEnvironment } from "../../src/platform/environment.ts";
import { faultText, OperatorError } from "../../src/base/operator-error.ts";

const origin = { ORIGIN_URL: "https://origin.example" };
const redis = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "s3cret",
};
const service = { fetch: () => Promise.resolve(new Response("bound")) };
/** A service binding has every member that is read. Each member is a remote call. */
const serviceOfWorker = new Proxy(
  {},
  { get: () => () => Promise.reject(new Error("No such method.")), has: () => true },
);

function refusalOf(env: Env): string {
  try {
    readEnvironment(env, defineConfig({}), {}, { redis: true });
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    return cause.message;
  }
  return "accepted";
}

it.each(["ops.example.com", "www.example.com ops.example.com", "OPS.example.com:8443"])(
  "a SITE_HOST with operatorHost is refused: %s",
  (SITE_HOST) => {
    const config = defineConfig({ operatorHost: "ops.example.com" });
    const env = { ORIGIN_URL: "https://a.example", SITE_HOST };
    expect(() => readEnvironment(env, config)).toThrow(
      "SITE_HOST is invalid. ops.example.com is also operatorHost, which serves no page of the site.",
    );
    const other = { ...env, SITE_HOST: "www.ops.example.com" };
    expect(() => readEnvironment(other, config)).not.toThrow();
  },
);

describe("an invalid origin", () => {
  const alone = 'Write only scheme and host, such as "https://www.example.com".';
  const none =
    "There is no origin. Neither ORIGIN_URL nor a service binding ORIGIN is set. " +
    'Set ORIGIN_URL to the site\'s origin, such as "https://www.example.com".';
  const unbound =
    "The service binding ORIGIN is invalid. It is not bound to a service, so its origin cannot be " +
    "reached. Name it under [[services]] in wrangler.toml.";

  it.each<[env: Env, says: string]>([
    [{}, none],
    [{ ORIGIN_URL: "" }, "There is no origin."],
    [{ ORIGIN_URL: 5 }, "There is no origin."],
    [{ ORIGIN: "text" }, unbound],
    [{ ORIGIN: null }, "The service binding ORIGIN is invalid."],
  ])("is refused: %j", (env, says) => {
    expect(refusalOf(env)).toContain(says);
  });

  const pathOrQuery = '"https://a.example/…" has a path or a query.';
  const user = '"https://a.example" holds a user name or a password.';

  it.each([
    ["a.example", `Its value is not a URL. ${alone}`],
    ["s3cret", "Its value is not a URL."],
    [
      "ftp://a.example",
      `"ftp://a.example" has a scheme that is neither "https:" nor "http:". ${alone}`,
    ],
    ["https://a.example/b", `${pathOrQuery} ${alone}`],
    ["https://a.example/s3cret", pathOrQuery],
    ["https://a.example?key=s3cret", pathOrQuery],
    ["https://a.example?u@s3cret", "Its value has a path or a query."],
    ["https://a.example#u@s3cret", "Its value has a path or a query."],
    ["https://a.example/u@s3cret", "Its value has a path or a query."],
    ["https://u:s3cret@a.example", user],
    ["https://:s3cret@a.example", user],
    ["https://u:p@s3cret@a.example", 'ORIGIN_URL is invalid. "https://a.example" '],
    ["https://u:p/s3cret@a.example", "ORIGIN_URL is invalid. Its value is not a URL."],
    ["https://u:p@s3cret#p@a.example", "Its value holds"],
    ["u:s3cret@a.example", "ORIGIN_URL is invalid. Its value has a scheme"],
    ["ftp://s3cret:12/3@a.example", "Its value has a scheme"],
    ["ftp://a.example;token=s3cret/", "Its value has a scheme"],
  ])("is refused, with no secret in the message: ORIGIN_URL %s", (url, says) => {
    const message = refusalOf({ ORIGIN_URL: url });
    expect(message).toContain(says);
    expect(message).not.toContain("s3cret");
  });
});

describe("a fault of a binding", () => {
  const read = (env: Env, config = defineConfig({})) =>
    readEnvironment({ ...origin, ...env }, config, {}, { redis: true });
  const bothOrNeither =
    "Set both as shown on the database's page, or neither to run without a database.";
  const databaseOff = "The database is not used: the shared tier and purges are off.";
  const goodSecret = "whsec_pn1u2pHDwTpHKG0VUYgvZqH/MwKJq4LO";

  const [urlName, tokenName] = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
  const neitherScheme = `${urlName} has a scheme that is neither`;

  it.each<[env: Env, says: string]>([
    [
      { [urlName]: "https://a.example" },
      `${databaseOff} ${tokenName} is not set. ${bothOrNeither}`,
    ],
    [{ [tokenName]: "s3cret" }, `${urlName} is not set.`],
    [{ ...redis, [tokenName]: { get: () => "s3cret" } }, `${tokenName} is not a string.`],
    [{ ...redis, [tokenName]: "s3cret\ns3cret" }, `${tokenName} has an invalid character.`],
    [
      { ...redis, [urlName]: "rediss://default:s3cret@db.upstash.io:6379" },
      `${neitherScheme} "https:" nor "http:"; it must be the REST address, with "https:".`,
    ],
    [{ ...redis, [urlName]: "s3cret:x@db.upstash.io" }, neitherScheme],
    [{ ...redis, [urlName]: "s3cret" }, `${urlName} is not a URL;`],
    [
      { ...redis, [urlName]: "https://u:s3cret@a.example" },
      `${urlName} holds a user name or a password;`,
    ],
  ])("shuts off only the database: %j", (env, says) => {
    const { faults, redis: database, ...rest } = read(env);
    expect(faults).toEqual([database]);
    const { faults: none, redis: unset, ...usual } = read({});
    expect([none, unset, rest]).toEqual([[], undefined, usual]);
    const text = faultText(faults[0]!);
    expect(text).toContain(says);
    expect(text).not.toContain("s3cret");
  });

  const closed = "ADMIN_TOKEN is not usable, so the operator's routes are closed.";
  const noSecret = "It is not whsec_ and base64 of at least 12 bytes.";

  it.each<[name: "ADMIN_TOKEN" | "PURGE_SECRET", value: unknown, says: string]>([
    ["ADMIN_TOKEN", "s3cret-of-15-ch", `${closed} It has fewer than 16 characters`],
    ["ADMIN_TOKEN", "s3cret and one more", `${closed} It has a character that no`],
    ["ADMIN_TOKEN", "s3cret-größe-und-länge", `${closed} It has a character that no`],
    ["ADMIN_TOKEN", { get: () => "s3cret" }, `${closed} It is not a string.`],
    ["PURGE_SECRET", "s3cret", noSecret],
    ["PURGE_SECRET", "whsec_s3cretAAAAAAAAA", noSecret],
    ["PURGE_SECRET", 5, noSecret],
  ])("shuts off only what needs %s: %j", (name, value, says) => {
    const { faults, adminToken, purgeSecrets } = read({ [name]: value });
    expect(faults).toEqual([name === "ADMIN_TOKEN" ? adminToken : purgeSecrets]);
    const text = faultText(faults[0]!);
    expect(text).toContain(says);
    expect(text).not.toContain("s3cret");
  });

  it("leaves the other secrets of PURGE_SECRET in use", () => {
    const { faults, purgeSecrets } = read({ PURGE_SECRET: `whsec_s3cret ${goodSecret}` });
    expect(purgeSecrets).toBe(goodSecret);
    expect(faults.map(faultText)).toEqual([
      expect.stringContaining("usable in part: 1 of its secrets"),
    ]);
  });

  it("removes only the named origin that is not bound", () => {
    const { faults, origins } = read(
      {},
      defineConfig({ origins: { bucket: { binding: "BUCKET" } } }),
    );
    expect([...origins.keys()]).toEqual(["default"]);
    expect(faults.map(({ what }) => what)).toEqual(["The service binding BUCKET is invalid."]);
  });
});

describe("a valid environment", () => {
  const read = (env: Env, config = defineConfig({})) =>
    readEnvironment(env, config, {}, { redis: true });

  it("has defaults for variables that are not set", () => {
    expect(read(origin)).toEqual({
      origins: new Map([["default", { kind: "url", base: "https://origin.example" }]]),
      redis: undefined,
      journal: undefined,
      adminToken: undefined,
      purgeSecrets: undefined,
      namespace: "tidemark",
      siteHosts: [],
      bypass: false,
      colo: undefined,
      faults: [],
    });
  });

  it("has the values of variables that are set", () => {
    const env = {
      ...origin,
      ...redis,
      JOURNAL_REDIS_REST_URL: "https://journal.upstash.io",
      JOURNAL_REDIS_REST_TOKEN: "s3cret",
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
    ["https://A.example/", "https://a.example"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["https://a.example:443", "https://a.example"],
  ])("has a normalised address of the origin: %s", (url, base) => {
    expect(read({ ORIGIN_URL: url }).origins.get("default")).toMatchObject({ kind: "url", base });
  });

  describe("gives the deployment a name", () => {
    const all = {
      ...origin,
      ...redis,
      PURGE_SECRET: "whsec_Pgl4vj9dOMdPFMjzq42CcM/HYgd0fya2",
      SITE_HOST: "www.example.com",
    };
    const named = (env: Env, config?: Config) => pseudonymOf(read(env, config));

    it("that its isolates share in every colo", () => {
      expect(named({ ...all, COLO: "HAM" })).toMatch(/^tidemark-[\w-]{11}$/);
      expect(named({ ...all, COLO: "HAM" })).toBe(named({ ...all, COLO: "AMS" }));
    });

    it.each<[env: Env, config?: Config]>([
      [{ UPSTASH_REDIS_REST_TOKEN: "another" }],
      [{ PURGE_SECRET: "whsec_a1Pt6sBx7RNlzQZwifC6lYBZNnVb1eOG" }],
      [{ SITE_HOST: "shop.example.com" }],
      [{ NAMESPACE: "second" }],
      [{}, defineConfig({ namespace: "second" })],
    ])("that no other deployment has: %j", (env, config) => {
      expect(named({ ...all, ...env }, config)).not.toBe(named(all));
    });

    it("that does not depend on an origin's address", () => {
      const config = defineConfig({ origins: { api: { url: "https://a.example" } } });
      expect(named({ ORIGIN_URL: "https://other.example" }, config)).toBe(named(origin));
    });

    it("that does not depend on ADMIN_TOKEN, which may be words", () => {
      const [one, other] = ["one-of-a-few-words", "other-of-a-few-words"];
      expect(named({ ...all, ADMIN_TOKEN: one })).toBe(named({ ...all, ADMIN_TOKEN: other }));
    });
  });

  it("prefers a binding to an address", () => {
    const target = read({ ...origin, ORIGIN: service }).origins.get("default");
    expect(target).toMatchObject({ kind: "binding", fetcher: service });
  });

  it("has further origins by their names", () => {
    const config = defineConfig({
      origins: { bucket: { binding: "BUCKET" }, api: { url: "https://api.example/" } },
    });
    const { origins } = read({ ...origin, BUCKET: service }, config);
    expect(origins.get("bucket")).toMatchObject({ kind: "binding" });
    expect(origins.get("api")).toMatchObject({ kind: "url", base: "https://api.example" });
  });
});

describe("a service binding to a Worker", () => {
  it("is not accepted as a rate limiter", () => {
    const env = { ...origin, ORIGIN_LIMITER: serviceOfWorker };
    const read = readEnvironment(env, defineConfig({}), {}, { redis: true });
    expect(read.originLimiter).toBe(undefined);
    const fault = expect.stringContaining("ORIGIN_LIMITER is not usable") as string;
    expect(read.faults.map(faultText)).toEqual([fault]);
  });
});
