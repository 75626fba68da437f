// Tests that errors of `tidemark start --json` have the same members as errors of other commands.
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";

it.each([
  ["a mistyped option", ["--port", "x"], 2, { code: "usage" }],
  ["an empty folder", [], 1, { code: "failed", hint: expect.stringContaining("tidemark init") }],
])(
  "`tidemark start --json` prints an error with four members: %s",
  async (_id, args, code, error) => {
    const user = await FakeUser.at();
    const ran = await user.runs(["start", "--json", ...args]);
    expect(ran.code).toBe(code);
    const told = JSON.parse(ran.out) as { error: Record<string, string> };
    expect(told.error).toMatchObject(error);
    expect(Object.keys(told.error)).toEqual(["code", "what", "why", "hint"]);
    const { what, why, hint } = told.error;
    expect(ran.notes).toBe(`${what} ${why} ${hint}\n`);
  },
);
