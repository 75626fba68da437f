// What is kept of URLs that come again: readings that one request leaves to the next.
import { describe, expect, it } from "vitest";
import { compileRoutes } from "../../../src/proxy/request/routes.ts";
import { compileUrlReader } from "../../../src/proxy/request/url-reader.ts";
import { configWith } from "../../../testing/examples/requests.ts";

const config = configWith();
const readUrl = compileUrlReader({
  config,
  matchRoute: compileRoutes(config),
  siteHost: undefined,
});

describe("a path that begins like a host which cannot be", () => {
  it.each([
    { path: "//[/..", isReserved: false },
    { path: "//%00/..", isReserved: false },
    { path: "//:99999/.", isReserved: false },
    { path: "//[/../_cache/stats", isReserved: true },
    { path: "//[/./../../_cache", isReserved: true },
    { path: "//host/./_cache/stats", isReserved: true },
  ])("$path", ({ path, isReserved }) => {
    const read = readUrl(`https://www.example.com${path}`);
    expect(read).toMatchObject({ isReserved, target: { path, isAmbiguous: true } });
  });
});
