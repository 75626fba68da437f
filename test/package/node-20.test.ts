// What stands in for Node 20's gaps does what the language's own does.
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
] as const)("reads the URL %s by %s", (...given: readonly [string, (string | URL)?]) => {
  expect(parseUrl(...given)?.href).toBe(URL.parse(...given)?.href);
});

it("makes a promise that is settled from outside", async () => {
  const { promise, resolve } = promiseWithResolvers<number>();
  resolve(1);
  expect(await promise).toBe(1);
});
