// Tests that the skill for assistants is in its form, and that its commands exist and print JSON.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { operatorAt } from "./fakes/operator.ts";

const text = readFileSync("skills/tidemark/SKILL.md", "utf8");
const [, front = "", body = ""] = /^---\n(.*?)\n---\n(.*)$/s.exec(text) ?? [];
const lines = [...body.matchAll(/^ *npx tidemark (.*)$/gm)].map(([, line = ""]) => line);

it("has a name, a description and at most 350 words", () => {
  expect(front).toMatch(/^name: tidemark\ndescription: .{50,1000}$/);
  expect(text.split(/\s+/).length).toBeLessThanOrEqual(350);
  expect(lines.length).toBeGreaterThan(5);
});

it.each(lines)("has a command that prints JSON: %s", async (line) => {
  const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
  const { user } = await operatorAt();
  await writeFile(join(user.folder, "wrangler.jsonc"), '{ "vars": {} }');
  await user.runs(["purge", "--tag", "a"]);
  const { code, out } = await user.runs(args);
  expect([0, 3]).toContain(code);
  expect(args).toContain("--json");
  for (const one of out.trim().split("\n")) expect(JSON.parse(one)).not.toHaveProperty("error");
});
