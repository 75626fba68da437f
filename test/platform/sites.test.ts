// Which sites there are, and what names them in Redis, by the Worker's variables.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import type { Env } from "../../src/protocol/variables/bindings.ts";
import { readEnvironment } from "../../src/platform/environment.ts";
import { OperatorError } from "../../src/base/operator-error.ts";

const read = (env: Env, config = defineConfig({})) =>
  readEnvironment({ ORIGIN_URL: "https://origin.example", ...env }, config);

describe("refused", () => {
  it.each<{ id: string; env: Env; says: string }>([
    {
      id: "site-host-url",
      env: { SITE_HOST: "https://a.example" },
      says: "SITE_HOST is invalid. Its value is not a host as in a URL.",
    },
    {
      id: "site-host-path",
      env: { SITE_HOST: "a.example/b" },
      says: "SITE_HOST is invalid.",
    },
    {
      id: "one-of-several-site-hosts",
      env: { SITE_HOST: "a.example b.example/c" },
      says:
        "SITE_HOST is invalid. One of its values is not a host as in a URL. " +
        'Write only the host, with a port if it is not the default: "www.example.com". ' +
        "Separate several with spaces.",
    },
    {
      id: "namespace",
      env: { NAMESPACE: "a:s3cret" },
      says:
        "NAMESPACE is invalid. Its value is not 1 to 64 letters, digits, dots, dashes or _. " +
        'Write such a name, as in "staging", or unset it to use the configuration\'s.',
    },
    {
      id: "namespace-long",
      env: { NAMESPACE: "a".repeat(65) },
      says: "NAMESPACE is invalid.",
    },
    { id: "namespace-not-a-text", env: { NAMESPACE: 5 }, says: "NAMESPACE is invalid." },
    {
      id: "site-host-usual-port",
      env: { SITE_HOST: "a.example:443" },
      says: "SITE_HOST is invalid.",
    },
    {
      id: "site-host-user",
      env: { SITE_HOST: "u:s3cret@a.example" },
      says: "SITE_HOST is invalid. Its value is not a host",
    },
    { id: "site-host-not-a-text", env: { SITE_HOST: {} }, says: "Its value is not a host" },
  ])("$id", ({ env, says }) => {
    expect(() => read(env)).toThrow(OperatorError);
    expect(() => read(env)).toThrow(says);
    expect(() => read(env)).not.toThrow("s3cret");
  });
});

it("several hosts, and a namespace before the configuration's", () => {
  const env = { SITE_HOST: " A.example\n b.example:8443 ", NAMESPACE: " staging\n" };
  const config = defineConfig({ namespace: "news" });
  const siteHosts = ["a.example", "b.example:8443"];
  expect(read(env, config)).toMatchObject({ siteHosts, namespace: "staging" });
  expect(read({ NAMESPACE: " " }, config).namespace).toBe("news");
});
