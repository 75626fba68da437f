// Tests how a route's pattern is read: its host in the form of cache keys, its path unchanged.
import { expect, it } from "vitest";
import { anySegment, anyText, patternFault, readPattern } from "../../src/config/route-pattern.ts";

const anyPort = { isBelow: false, port: undefined };

it.each([
  { text: "*", host: undefined, path: `/${anyText}` },
  { text: "/a/:b", host: undefined, path: `/a/${anySegment}`, parameters: ["b"] },
  {
    text: "/a/*/@:b.html",
    host: undefined,
    path: `/a/${anyText}/@${anySegment}.html`,
    parameters: ["b"],
  },
  { text: String.raw`/wiki/A\:b_\(c\)\*`, host: undefined, path: "/wiki/A:b_(c)*" },
  { text: "Shop.Example/*", host: { ...anyPort, name: "shop.example" }, path: `/${anyText}` },
  { text: "shop.example./", host: { ...anyPort, name: "shop.example" }, path: "/" },
  { text: "localhost/a", host: { ...anyPort, name: "localhost" }, path: "/a" },
  {
    text: "Bücher.example/*",
    host: { ...anyPort, name: "xn--bcher-kva.example" },
    path: `/${anyText}`,
  },
  {
    text: "*.example.com/*",
    host: { ...anyPort, name: "example.com", isBelow: true },
    path: `/${anyText}`,
  },
  {
    text: "a.example:08443/*",
    host: { ...anyPort, name: "a.example", port: "8443" },
    path: `/${anyText}`,
  },
  {
    text: "a.example:443/*",
    host: { ...anyPort, name: "a.example", port: "443" },
    path: `/${anyText}`,
  },
  { text: "[::1]:8787/*", host: { ...anyPort, name: "[::1]", port: "8787" }, path: `/${anyText}` },
  { text: "[0::1]/*", host: { ...anyPort, name: "[::1]" }, path: `/${anyText}` },
  { text: "site:8787/*", host: { ...anyPort, name: "site", port: "8787" }, path: `/${anyText}` },
])("reads the pattern $text", ({ text, host, path, parameters = [] }) => {
  expect(patternFault(text)).toBeUndefined();
  expect(readPattern(text)).toEqual({ text, host, path, parameters });
});
