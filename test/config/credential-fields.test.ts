// Tests which request fields look like credentials, and which list takes precedence.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../src/config/config.ts";
import { CredentialFields, knownCredentialFields } from "../../src/config/credential-fields.ts";
import { refusalOf, route } from "./refusal-of.ts";

const known = new CredentialFields([knownCredentialFields]);
const none = { add: [], except: [] };

describe("the built-in credential fields", () => {
  it.each(
    (
      "accept accept-encoding accept-language user-agent referer origin cookie host range if-none-match " +
      "if-range cache-control pragma dnt te via from priority upgrade-insecure-requests sec-fetch-user " +
      "sec-fetch-mode sec-ch-ua sec-ch-ua-platform sec-gpc save-data traceparent baggage b3 x-request-id " +
      "x-correlation-id x-requested-with x-pjax hx-request turbo-frame rsc next-router-state-tree " +
      "cf-connecting-ip cf-ray cf-visitor cf-ipcountry cdn-loop x-real-ip true-client-ip x-b3-traceid " +
      "x-cloud-trace-context x-datadog-trace-id sentry-trace newrelic x-inertia-version device-memory " +
      "viewport-width purpose sec-purpose sec-websocket-key idempotency-key postman-token " +
      "x-playback-session-id icy-metadata x-forwarded-for x-forwarded-proto"
    ).split(" "),
  )("do not match a field that browsers and proxies send: %s", (name) => {
    expect(known.entryFor(name)).toBeUndefined();
  });

  it("name the entry that a field matches", () => {
    expect(known.entryFor("x-vault-token")).toBe("*token");
    expect(known.entryFor("dpop")).toBe("dpop");
    expect(known.entryFor("cf-access-client-id")).toBe("*-client-id");
  });
});

describe("the precedence of credential lists", () => {
  const isOne = (levels: ConstructorParameters<typeof CredentialFields>[0], name: string) =>
    new CredentialFields(levels).entryFor(name) !== undefined;

  it.each([
    [
      "the-first-level",
      [
        { add: [], except: ["*-key"] },
        { add: ["x-key"], except: [] },
      ],
      false,
    ],
    ["the-next-level-if-the-first-has-no-entry", [none, { add: ["x-key"], except: [] }], true],
    ["a-whole-name-added", [{ add: ["x-key"], except: ["*"] }], true],
    ["a-whole-name-excepted", [{ add: ["*"], except: ["x-key"] }], false],
    ["add-of-two-whole-names", [{ add: ["x-key"], except: ["x-key"] }], true],
    ["add-of-two-patterns", [{ add: ["x-*"], except: ["*-key"] }], true],
    ["no-level-has-an-entry", [none], false],
  ])("decides whether a field is a credential: %s", (_id, levels, is) => {
    expect(isOne(levels, "x-key")).toBe(is);
  });

  it("ignores the case of names, and asks the route's list before the site's", () => {
    const { routes, anywhere } = defineConfig({
      credentialFields: { add: ["X-Tenant"] },
      routes: [{ name: "open", match: "/open/*", credentialFields: { except: ["x-TENANT"] } }],
    });
    expect(anywhere.credentials.entryFor("x-tenant")).toBe("x-tenant");
    expect(routes[0]!.credentials.entryFor("x-tenant")).toBeUndefined();
    expect(routes[0]!.credentials.entryFor("x-api-key")).toBe("*-key");
  });

  it("gives the same result for a name after thousands of other names", () => {
    const fields = new CredentialFields([knownCredentialFields]);
    for (let nth = 0; nth < 3_000; nth += 1) {
      expect(fields.entryFor(`x-made-up-${nth}`)).toBeUndefined();
      expect(fields.entryFor(`x-made-up-${nth}-token`)).toBe("*token");
      expect(fields.entryFor("x-api-key")).toBe("*-key");
      expect(fields.entryFor("accept")).toBeUndefined();
    }
    expect(fields.entryFor(`${"x".repeat(10_000)}-token`)).toBe("*token");
  });
});

describe("an invalid credentialFields option", () => {
  const noName =
    'has a name that no header field can have, or more than one "*", or a "*" that is not at an end of a name';
  const ownRules =
    "names Authorization, which always bypasses the cache, or Cookie, which has its own options; remove that name";

  it.each([
    ["no-name", { add: ["x app"] }, ".add", noName],
    ["star-within", { except: ["x-*-key"] }, ".except", noName],
    ["two-stars", { except: ["*token*"] }, ".except", noName],
    ["authorization", { except: ["Authorization"] }, ".except", ownRules],
    ["cookie", { add: ["cookie"] }, ".add", ownRules],
    ["misspelt", { only: [] }, "", '"only" is not a field of credentialFields'],
  ])("is refused in the configuration and in a route: %s", (_id, written, at, says) => {
    const place = `credentialFields${at}: ${says}.`;
    expect(`${refusalOf({ credentialFields: written })}.`).toBe(place);
    expect(`${refusalOf(route({ credentialFields: written }))}.`).toBe(`route "news", ${place}`);
  });
});
