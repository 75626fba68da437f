// Tests what the message after a local start says about the secrets and the operator path.
import { expect, it } from "vitest";
import { greeting } from "../../../local/run/greeting.ts";
import type { Site } from "../../../local/site.ts";
import { readTokenForm } from "../../../src/protocol/operator-token.ts";
import type { StartOptions } from "../../../local/start-options.ts";

const linesFor = async (from: "shell" | "project" | "generated", operatorPath = "/_cache") => {
  const secret = { value: "a-secret", from };
  const site = {
    colos: [{ name: "FRA", url: "http://127.0.0.1:8787" }],
    operatorPath,
    hasDashboard: true,
    secrets: { ADMIN_TOKEN: secret, PURGE_SECRET: secret },
  };
  return (await greeting(site as unknown as Site, {} as StartOptions, 1)).join("\n");
};

it.each([
  { from: "project" as const, isTold: true },
  { from: "shell" as const, isTold: false },
  { from: "generated" as const, isTold: false },
])("with secrets from $from, tells to set ADMIN_TOKEN: $isTold", async ({ from, isTold }) => {
  const text = await linesFor(from);
  const told = "\nADMIN_TOKEN is that of .dev.vars, or of the wrangler file.\n";
  expect(text.includes(told)).toBe(isTold);
  expect(text.includes("\nSet ADMIN_TOKEN in this shell to that value.\n")).toBe(isTold);
  // No line reads a file: the value may be in another, or be quoted.
  expect(text).not.toContain("$(");
  expect(text.includes("a-secret")).toBe(from === "generated");
});

it("shows commands for the operator path of the configuration", async () => {
  const text = await linesFor("shell", "/_edge");
  expect(text).not.toContain("/_cache");
  expect(text).toContain("http://127.0.0.1:8787/_edge/purge");
  expect(text).toContain(" TIDEMARK_OPERATOR_PATH=/_edge ");
  expect(await linesFor("shell")).not.toContain("OPERATOR_PATH");
});

it("shows a token of the dashboard, which only reads", async () => {
  const [, token = ""] = /prints another:\n {2}(\S+)\n/.exec(await linesFor("shell")) ?? [];
  expect(token).toMatch(readTokenForm);
});
