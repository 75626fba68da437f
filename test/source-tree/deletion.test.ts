// Checks that a part can be deleted: its two folders, and the files that say `// Needs parts: NAME.`
// Nothing else imports it.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../local/bundling.ts";
import { imported } from "./breaches.ts";
import { library } from "./folders.ts";

const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && !path.startsWith("docs-site/dist/"));
const isSource = (path: string) => /\.[mc]?tsx?$/.test(path);
const texts = new Map(
  tracked.filter(isSource).map((path) => [path, readFileSync(join(root, path), "utf8")]),
);
/** Most tests open a site with `operate()`, so it cannot be deleted alone. */
const names = readdirSync(join(root, "src/parts")).filter((name) => name !== "operate");

/** Returns whether a file goes with a part. */
function isOf(name: string, path: string): boolean {
  const needs = /^\/\/ Needs parts: (.*)\.$/m.exec(texts.get(path) ?? "")?.[1] ?? "";
  const isInside = [`src/parts/${name}/`, `test/parts/${name}/`].some((of) => path.startsWith(of));
  return isInside || needs.split(", ").includes(name);
}

/** Words of parts that the steps of a request do not know. The ports of `pages/site` name their parts. */
const words: Readonly<Record<string, RegExp>> = {
  dashboard: /dashboard/i,
  esi: /\besi\b|\bESI\b|Esi/,
  hooks: /webhook|varnish/i,
  "global-collapse": /\blocks?\b/i,
  "hot-keys": /hot.?keys/i,
  operate: /\/explain\/|\boperate\b/,
  outward: /outward/i,
  query: /QUERY/,
  release: /left.?release|(?:missing|kept).?asset/i,
  slices: /\bslic(?:e|es|ed|ing)\b(?!\()|Slice|slice[A-Z]/,
};

it.each(Object.entries(words))("no step of a request has words of the part %s", (_, word) => {
  const steps = [...texts].filter(([path]) =>
    /^src\/(?:bodies|routing|pages\/(?!site\/))/.test(path),
  );
  expect(steps.filter(([, text]) => word.test(text)).map(([path]) => path)).toEqual([]);
  expect(steps.length).toBeGreaterThan(50);
});

describe.each(names)("the part %s", (name) => {
  const rest = [...texts].filter(([path]) => !isOf(name, path));

  it("is imported only by itself, and by what says that it needs it", () => {
    const found = rest.filter(([path, text]) =>
      imported(text).some((from) => isOf(name, posix.join(dirname(path), from))),
    );
    expect(found.map(([path]) => path)).toEqual([]);
    expect(rest.length).toBeLessThan(texts.size);
  });

  it("imports no other part, except one that it needs", () => {
    const { mayImport } = library;
    const places = Object.keys(mayImport).filter((place) =>
      `${place}/`.startsWith(`parts/${name}/`),
    );
    const others = places.flatMap((place) => mayImport[place] ?? []);
    const parts = others.filter((other) => other.startsWith("parts/"));
    const needed = /needs: \["operate"\]/.test(
      readFileSync(join(root, `src/parts/${name}/${name}.ts`), "utf8"),
    );
    const isAllowed = (other: string) =>
      `${other}/`.startsWith(`parts/${name}/`) || (needed && other.startsWith("parts/operate"));
    expect(parts.filter((other) => !isAllowed(other))).toEqual([]);
  });
});
