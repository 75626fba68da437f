// Tests the options of targets that are refused when the configuration is loaded.
import { describe, expect, it } from "vitest";
import {
  cloudflareZone,
  fastly,
  OperatorError,
  purgeRequests,
  signedWebhook,
  tidemarkSite,
} from "../../../../src/parts/outward/outward.ts";

const zone = "023e105f4ecef8ad9ca31a8372d0c353";

describe("invalid options", () => {
  it.each([
    {
      id: "a zone's name",
      make: () => cloudflareZone({ zone: "example.com", plan: "free" }),
      says: "zone is not",
    },
    {
      id: "an unknown plan",
      make: () => cloudflareZone({ zone, plan: "max" as "free" }),
      says: "plan is not",
    },
    {
      id: "a service's name",
      make: () => fastly({ service: "my service" }),
      says: "service is not",
    },
    {
      id: "a server with a path",
      make: () => purgeRequests({ servers: ["http://a/b"], everything: {} }),
      says: "servers is not",
    },
    ...["http://a#", "http://a/?", "http://user@a", "http:a", "ftp://a"].map((server) => ({
      id: `the server ${server}`,
      make: () => purgeRequests({ servers: [server], everything: {} }),
      says: "servers is not",
    })),
    {
      id: "a misspelled placeholder",
      make: () =>
        purgeRequests({ servers: ["http://a"], everything: {}, byUrl: { path: "/p{url}" } }),
      says: "{url} is no placeholder",
    },
    {
      id: "a pattern for everything",
      make: () =>
        purgeRequests({ servers: ["http://a"], everything: { headers: { x: "{pattern}" } } }),
      says: "{pattern} is no placeholder",
    },
    ...["Host", "x ban"].map((name) => ({
      id: `the field ${name}`,
      make: () =>
        purgeRequests({ servers: ["http://a"], everything: { headers: { [name]: "b" } } }),
      says: "headers has",
    })),
    {
      id: "a rate that never sends",
      make: () =>
        purgeRequests({
          servers: ["http://a", "http://b"],
          everything: {},
          rate: { perSecond: 1, burst: 0.5 },
        }),
      says: "rate has",
    },
    {
      id: "a rate without requests",
      make: () =>
        purgeRequests({
          servers: ["http://a"],
          everything: {},
          rate: { perSecond: 0, burst: 10 },
        }),
      says: "rate has",
    },
    {
      id: "a method in small letters",
      make: () => purgeRequests({ servers: ["http://a"], everything: { method: "ban" } }),
      says: "capital letters",
    },
    {
      id: "an address without a scheme",
      make: () => tidemarkSite({ url: "www.example.com" }),
      says: "url is not",
    },
    {
      id: "an address with a password",
      make: () => signedWebhook({ url: "https://user:password@www.example.com/" }),
      says: "url is not",
    },
    {
      id: "a URL as a host",
      make: () => fastly({ service: "SU1Z0isxPaozGVKXdv0eY", hosts: ["https://a.example"] }),
      says: "hosts is not",
    },
    {
      id: "a text as hosts",
      make: () => fastly({ service: "SU1Z0isxPaozGVKXdv0eY", hosts: "a.example" as never }),
      says: "hosts is not",
    },
    {
      id: "another reading of URLs",
      make: () => signedWebhook({ url: "https://a.example", urls: "all" as "exact" }),
      says: "urls is not",
    },
    {
      id: "another scheme",
      make: () => signedWebhook({ url: "ftp://a.example" }),
      says: "url is not",
    },
  ])("are refused: $id", ({ make, says }) => {
    expect(make).toThrow(OperatorError);
    expect(make).toThrow(says);
  });
});
