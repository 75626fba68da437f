// Tests that a runtime without `cache: "no-store"` refuses the Worker when it evaluates the main module, as at an
// upload, and that the Worker runs with the oldest date that has it.
import { createServer } from "node:http";
import { expect, it } from "vitest";
import { type ColoSettings, startColo, unstartable } from "../../local/colo.ts";
import { together } from "../../local/running.ts";
import { listening } from "../../testing/listening.ts";
import { bundleWith } from "../../testing/worker/bundle-with.ts";

const worker = await bundleWith("{}");

/** Returns the status of a page, or the reason why the Worker does not start. */
async function started(compatibility: Required<ColoSettings>["compatibility"]): Promise<string> {
  return together(async (running) => {
    const server = createServer((_, response) => response.end("a page"));
    const { url } = await running.add(listening(server));
    const settings = { name: "a", worker, port: 0, env: { ORIGIN_URL: url }, compatibility };
    const colo = await running.add(startColo(settings));
    return String((await fetch(colo.url)).status);
  }).catch((cause: unknown) => unstartable(cause).message);
}

const refused = /^The Worker does not start\. .*before 2024-11-11.*Set compatibility_date/;

it.each<[date: string, flags: string[], expected: RegExp]>([
  ["2024-11-10", [], refused],
  ["2026-11-01", ["cache_option_disabled"], refused],
  ["2024-11-11", [], /^200$/],
  ["2024-11-10", ["cache_option_enabled"], /^200$/],
])("at %s with the flags %j", async (date, flags, expected) => {
  expect(await started({ date, flags })).toMatch(expected);
});
