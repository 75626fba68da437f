// Tests that the replacements for features that Node 20 lacks behave like those features.
import { expect, it } from "vitest";
import { parseUrl, promiseWithResolvers } from "../../local/package/node-20.ts";

it.each([
  ["https://a.example/b"],
  ["/b"],
  ["/b", "https://a.example/c/d"],
  ["../b?c#d", new URL("https://a.example/e/f/g")],
  ["", "https://a.example/b"],
  ["//b.example/", "https://a.example/"],
  ["https://", "https://a.example"],
  ["/b", "no base"],
] as const)(
  "parses the URL %s with the base %s as URL.parse does",
  (...given: readonly [string, (string | URL)?]) => {
    expect(parseUrl(...given)?.href).toBe(URL.parse(...given)?.href);
  },
);

it("makes a promise that its caller resolves", async () => {
  const { promise, resolve } = promiseWithResolvers<number>();
  resolve(1);
  expect(await promise).toBe(1);
});
