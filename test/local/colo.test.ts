// Checks that the local runner and a deployment run the Worker under the same rules of the runtime.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compatibilityDate, minutely } from "../../local/colo.ts";

it("runs with the compatibility date of wrangler.toml, which has no compatibility flags", () => {
  const settings = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(/^compatibility_date = "(.*)"$/m.exec(settings)?.[1]).toBe(compatibilityDate);
  expect(settings).not.toContain("compatibility_flags");
});

it("fires the cron trigger as often as wrangler.toml asks for it", () => {
  const settings = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(/^crons = (.*)$/m.exec(settings)?.[1]).toBe(`["${minutely}"]`);
});
