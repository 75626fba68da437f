// Tests how a route's pattern is read: its host in the form of cache keys, its path unchanged.
import { expect, it } from "vitest";
import { patternFault, readPattern } from "../../src/config/route-pattern.ts";

const anyPort = { isBelow: false, port: undefined };

it.each([
  { text: "*", host: undefined, path: "/*" },
  { text: "/a/:b", host: undefined, path: "/a/:b" },
  { text: "Shop.Example/*", host: { ...anyPort, name: "shop.example" }, path: "/*" },
  { text: "shop.example./", host: { ...anyPort, name: "shop.example" }, path: "/" },
  { text: "localhost/a", host: { ...anyPort, name: "localhost" }, path: "/a" },
  { text: "Bücher.example/*", host: { ...anyPort, name: "xn--bcher-kva.example" }, path: "/*" },
  { text: "*.example.com/*", host: { ...anyPort, name: "example.com", isBelow: true }, path: "/*" },
  { text: "a.example:08443/*", host: { ...anyPort, name: "a.example", port: "8443" }, path: "/*" },
  { text: "a.example:443/*", host: { ...anyPort, name: "a.example", port: "443" }, path: "/*" },
  { text: "[::1]:8787/*", host: { ...anyPort, name: "[::1]", port: "8787" }, path: "/*" },
  { text: "[0::1]/*", host: { ...anyPort, name: "[::1]" }, path: "/*" },
  { text: "site:8787/*", host: { ...anyPort, name: "site", port: "8787" }, path: "/*" },
])("reads the pattern $text", ({ text, host, path }) => {
  expect(patternFault(text)).toBeUndefined();
  expect(readPattern(text)).toEqual({ text, host, path });
});
