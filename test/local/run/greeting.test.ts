// Tests what the message after a local start says about the secrets.
import { expect, it } from "vitest";
import { greeting } from "../../../local/run/greeting.ts";
import type { Site } from "../../../local/site.ts";
import type { StartOptions } from "../../../local/start-options.ts";

const linesFor = (from: "shell" | "project" | "generated") => {
  const secret = { value: "a-secret", from };
  const site = {
    colos: [{ name: "FRA", url: "http://127.0.0.1:8787" }],
    operatorPath: "/_cache",
    secrets: { ADMIN_TOKEN: secret, PURGE_SECRET: secret },
  };
  return greeting(site as unknown as Site, {} as StartOptions, 1).join("\n");
};

it.each([
  { from: "project" as const, isTold: true },
  { from: "shell" as const, isTold: false },
  { from: "generated" as const, isTold: false },
])("with secrets from $from, tells to set ADMIN_TOKEN: $isTold", ({ from, isTold }) => {
  const text = linesFor(from);
  const told = "\nADMIN_TOKEN is that of .dev.vars, or of the wrangler file.\n";
  expect(text.includes(told)).toBe(isTold);
  expect(text.includes("\nSet ADMIN_TOKEN in this shell to that value.\n")).toBe(isTold);
  // No line reads a file: the value may be in another, or be quoted.
  expect(text).not.toContain("$(");
  expect(text.includes("a-secret")).toBe(from === "generated");
});
