// `tidemark init` on a terminal: what it asks people.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { reaching } from "./reached-origin.ts";
import { staticSite } from "./sites/static-site.ts";

const origin = "https://static.test";

/** Runs it at a keyboard, on which this is typed. */
async function typing(user: FakeUser, typed: string, args: readonly string[]) {
  const { world, output, notes } = user.world(args);
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  input.write(typed);
  const code = await main({ ...world, input });
  return { code, out: output.text, notes: notes.text };
}

it("asks for the origin", async () => {
  const user = await FakeUser.at({ ...reaching(origin, staticSite), isTty: true });
  const ran = await typing(user, `${origin}\r`, ["init", "--dry-run"]);
  expect(ran.code).toBe(0);
  expect(ran.notes).toContain("Which site shall the cache stand before?");
  expect(ran.out).toContain(`What is cached of ${origin}`);
});

it.each([
  { answer: "y", code: 0, begins: "//" },
  { answer: "n", code: 130, begins: "mine" },
])("asks before it replaces a file: $answer", async ({ answer, code, begins }) => {
  const user = await FakeUser.at({ ...reaching(origin, staticSite), isTty: true });
  const path = join(user.folder, "tidemark.config.ts");
  await writeFile(path, "mine");
  const ran = await typing(user, answer, ["init", origin]);
  expect(ran.notes).toContain("Replace tidemark.config.ts?");
  expect(ran.code).toBe(code);
  expect((await readFile(path, "utf8")).startsWith(begins)).toBe(true);
});
