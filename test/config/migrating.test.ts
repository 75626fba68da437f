// Checks that each setting of Tidemark in docs/migrating.md and docs/vcl.md is accepted: as options of a route or of a namespace of data, or
// as a general option.
// Needs parts: esi, fallback, query, release, slices.
import { readFileSync } from "node:fs";
import { runInThisContext } from "node:vm";
import { expect, it } from "vitest";
import { device } from "../../src/device.ts";
import { esi } from "../../src/parts/esi/esi.ts";
import { query } from "../../src/parts/query/query.ts";
import { fallback } from "../../src/parts/fallback/fallback.ts";
import { release } from "../../src/parts/release/release.ts";
import { slices } from "../../src/parts/slices/slices.ts";
import { spaceOf } from "../../src/data/value/space.ts";
import { configOf } from "../../src/config/config.ts";
import { OperatorError } from "../../src/base/operator-error.ts";

const pages = ["docs/migrating.md", "docs/vcl.md"]
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");
const rows = pages.matchAll(/^\| (.*) \| (.*) \|$/gm);
/** Code of the right column that sets an option. */
const settings = [...rows].flatMap(([, , ours = ""]) =>
  [...ours.matchAll(/`(\w+: [^`]*)`/g)].map(([, code = ""]) => code),
);
const url = "https://shop.example";
const origins = { shop: { url }, bucket: { url } };

/** Returns why Tidemark refuses options; `undefined` if it does not. */
function refusalOf(accept: () => unknown): string | undefined {
  try {
    accept();
    return undefined;
  } catch (cause) {
    if (!(cause instanceof OperatorError)) throw cause;
    return cause.message;
  }
}

it("names many settings", () => {
  expect(settings.length).toBeGreaterThan(40);
});

it.each([...new Set(settings)])("is accepted: %s", (code) => {
  const options = runInThisContext(
    `({ device, esi, fallback, query, release, slices }) => ({ ${code} })`,
  )({
    device,
    esi,
    fallback,
    query,
    release,
    slices,
  });
  const accepts = [
    () => configOf({ origins, routes: [{ name: "a", match: "*", ...options }] }),
    () => configOf({ origins, ...options }),
    () => spaceOf("a", { fresh: "1h", stale: "1h", ...options }),
  ];
  expect(accepts.map(refusalOf)).toContain(undefined);
});
