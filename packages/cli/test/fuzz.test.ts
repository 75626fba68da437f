// Random answers of a site: each command ends with an exit code and a message, and never with an unexpected error.
// Needs parts: outward.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { outward } from "../../../src/parts/outward/outward.ts";
import { listTarget } from "../../../test/parts/outward/outward-world.ts";
import { changed, fuzz } from "../../../testing/fuzz.ts";
import { operatorAt, operatorOf } from "./fakes/operator.ts";

const commands = {
  health: ["health"],
  stats: ["stats"],
  journal: ["journal"],
  switch: ["switch"],
  outward: ["outward"],
  explain: ["explain", "/a"],
  purge: ["purge", "--tag", "a"],
  "purge --dry-run": ["purge", "--tag", "a", "--dry-run"],
} as const;

it.each(Object.entries(commands))("%s survives every answer", async (_name, args) => {
  // The real answers, so that their changes are near them.
  const parts = [outward({ edge: listTarget() })];
  const { user, fetch } = await operatorAt({ config: { parts } });
  const answers: unknown[] = [];
  const recording = async (...given: Parameters<typeof fetch>) => {
    const response = await fetch(...given);
    const text = await response.clone().text();
    if (text.startsWith("{")) answers.push(JSON.parse(text));
    return response;
  };
  await user.runs([...args, "--json"], { fetch: recording });
  expect(answers).not.toEqual([]);
  let answer = () => new Response();
  const told = await operatorOf(async () => answer());
  const bodies = fc.oneof(
    ...answers.map((one) => changed(one).map((value) => JSON.stringify(value))),
    fc.string(),
  );
  const given = fc.record({
    status: fc.constantFrom(200, 200, 200, 202, 302, 400, 401, 404, 409, 429, 500, 503),
    type: fc.constantFrom("application/json", "text/html", "text/plain"),
    body: bodies,
    isJson: fc.boolean(),
  });
  await fuzz(
    given,
    async ({ status, type, body, isJson }) => {
      answer = () => new Response(body, { status, headers: { "content-type": type } });
      const { code, out, notes } = await told.runs([...args, ...(isJson ? ["--json"] : [])]);
      expect([0, 1, 3]).toContain(code);
      expect(notes + out).not.toMatch(/TypeError|ZodError|\n {4}at /);
      expect(code === 1 && notes.trim() === "").toBe(false);
    },
    { runs: 150 },
  );
});
