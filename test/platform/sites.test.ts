// Tests SITE_HOST and NAMESPACE: the hosts of a Worker's sites, and the prefix of its keys in
// Redis.
import { expect, it } from "vitest";
import { OperatorError } from "../../src/base/operator-error.ts";
import { defineConfig } from "../../src/config/config.ts";
import { readEnvironment } from "../../src/platform/environment.ts";
import type { Env } from "../../src/protocol/variables/bindings.ts";

const read = (env: Env, config = defineConfig({})) =>
  readEnvironment({ ORIGIN_URL: "https://origin.example", ...env }, config);

const severalHosts =
  "SITE_HOST is invalid. One of its values is not a host as in a URL. " +
  'Write only the host, with a port if it is not the default: "www.example.com". ' +
  "Separate several with spaces. For any host, unset SITE_HOST.";
const namespace =
  "NAMESPACE is invalid. Its value is not 1 to 64 letters, digits, dots, dashes or _. " +
  'Set such a name, for example "staging", or unset NAMESPACE to use the configuration\'s.';

it.each<[env: Env, says: string]>([
  [
    { SITE_HOST: "https://a.example" },
    "SITE_HOST is invalid. Its value is not a host as in a URL.",
  ],
  [{ SITE_HOST: "a.example/b" }, "SITE_HOST is invalid."],
  [{ SITE_HOST: "a.example b.example/c" }, severalHosts],
  [{ SITE_HOST: "a.example:443" }, "SITE_HOST is invalid."],
  [{ SITE_HOST: "*.a.example" }, "For any host, unset SITE_HOST."],
  [{ SITE_HOST: "a.example, b.example" }, severalHosts],
  [{ SITE_HOST: "u:s3cret@a.example" }, "SITE_HOST is invalid. Its value is not a host"],
  [{ SITE_HOST: {} }, "Its value is not a host"],
  [{ NAMESPACE: "a:s3cret" }, namespace],
  [{ NAMESPACE: "a".repeat(65) }, "NAMESPACE is invalid."],
  [{ NAMESPACE: 5 }, "NAMESPACE is invalid."],
])("refuses %j", (env, says) => {
  expect(() => read(env)).toThrow(OperatorError);
  expect(() => read(env)).toThrow(says);
  expect(() => read(env)).not.toThrow("s3cret");
});

it("reads several hosts, and prefers NAMESPACE to the configuration's namespace", () => {
  const env = { SITE_HOST: " A.example\n b.example:8443 ", NAMESPACE: " staging\n" };
  const config = defineConfig({ namespace: "news" });
  const siteHosts = ["a.example", "b.example:8443"];
  expect(read(env, config)).toMatchObject({ siteHosts, namespace: "staging" });
  expect(read({ NAMESPACE: " " }, config).namespace).toBe("news");
});
