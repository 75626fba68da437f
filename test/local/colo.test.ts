// Checks that the local runner and a deployment run the Worker under the same rules of the runtime.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { compatibilityDate, minutely, startColo, unstartable } from "../../local/colo.ts";

it("runs with the compatibility date of wrangler.toml, which has no compatibility flags", () => {
  const settings = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(/^compatibility_date = "(.*)"$/m.exec(settings)?.[1]).toBe(compatibilityDate);
  expect(settings).not.toContain("compatibility_flags");
});

it("fires the cron trigger as often as wrangler.toml asks for it", () => {
  const settings = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  expect(/^crons = (.*)$/m.exec(settings)?.[1]).toBe(`["${minutely}"]`);
});

const runtimeError = (message: string) =>
  new Error(`The Workers runtime failed to start. ${JSON.stringify({ message })}`);

it.each([
  [
    'service core:user:tidemark: Uncaught Error: OperatorError: The Worker does not start. The configuration has esi: "declared", which needs esi. Pass esi: esi() of tidemark/esi, beside the configuration.',
    'The Worker does not start. The configuration has esi: "declared", which needs esi. Pass esi: esi() of tidemark/esi, beside the configuration.',
  ],
  [
    "service core:user:tidemark: Uncaught Error: OperatorError: The configuration is invalid. It has a fault. Fix it.",
    "The Worker does not start. The configuration is invalid. It has a fault. Fix it.",
  ],
  [
    "service core:user:tidemark: Uncaught Error: at its start",
    "The Worker does not start. The runtime says: Error: at its start. Fix the module that throws; npx wrangler dev shows the location.",
  ],
])("reports why a module throws: %s", (message, says) => {
  expect(unstartable(runtimeError(message)).message).toBe(says);
});

it.each([
  ["by npm start and tidemark start", { onRequest: () => undefined }, ["T1", "none", "none"]],
  ["without the module in front, as when deployed", {}, ["none", "none", "none"]],
])("takes the country of a request from CF-IPCountry only %s", async (_id, how, countries) => {
  const worker =
    'export default { fetch: ({ cf }) => new Response(cf?.country === undefined ? "none" : cf.country) };';
  const colo = await startColo({ name: "x", worker, port: 0, env: {}, ...how });
  try {
    const seen = ["T1", "de", ""].map(async (country) => {
      const answer = await fetch(colo.url, { headers: { "cf-ipcountry": country } });
      return answer.text();
    });
    expect(await Promise.all(seen)).toEqual(countries);
  } finally {
    await colo.stop();
  }
});
