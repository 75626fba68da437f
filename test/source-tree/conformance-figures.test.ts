// Checks that the README quotes the figures of docs/internals/conformance.md.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

it("quotes the figures of docs/internals/conformance.md in the README", () => {
  const document = textOf("docs/internals/conformance.md");
  const figures = (text: string) => text.match(/\d+ of \d+ required/g) ?? [];
  const [shipped = "", configured = ""] = figures(document);
  const [passed = "", all = ""] = shipped.split(/\D+/);
  const others = [...document.matchAll(/^\| [^|]+ [\w.+-]+ \| (\d+) \| \d+ \|$/gm)];
  const counts = others.map(([, count]) => Number(count));
  const readme = textOf("README.md").replaceAll(/\s+/g, " ");
  expect(readme).toContain(`has ${all} required tests`);
  expect(readme).toContain(
    `passes ${passed} as shipped, and ${Number.parseInt(configured, 10)} with`,
  );
  expect(readme).toContain(`pass ${Math.min(...counts)} to ${Math.max(...counts)}.`);
});
