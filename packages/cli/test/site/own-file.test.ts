// Tests the file of TIDEMARK_TOKEN_FILE: its owner, mode and kind.
import { chmod, chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { adminToken, openReached, siteUrl } from "../fakes/site-as-fetch.ts";

async function userWith(text: string, mode = 0o600) {
  const { fetch, asked } = openReached();
  const user = await FakeUser.at({ fetch });
  const path = join(user.folder, "token");
  await writeFile(path, text);
  await chmod(path, mode);
  const env = { TIDEMARK_SITE: siteUrl, TIDEMARK_TOKEN_FILE: path };
  return { asked, path, runs: () => user.runs(["switch"], { env }) };
}

it("the command reads the token of a file that begins with a byte order mark", async () => {
  const { runs } = await userWith(`\ufeff${adminToken}\n`);
  expect((await runs()).code).toBe(0);
});

it.each([0o604, 0o640])("the command refuses a file of mode %o", async (mode) => {
  const { runs, asked } = await userWith(adminToken, mode);
  const { code, notes } = await runs();
  expect({ code, asked }).toEqual({ code: 2, asked: [] });
  expect(notes).toContain(`Others can read it: its mode is ${mode.toString(8)}`);
});

it.runIf(process.getuid?.() === 0)("the command refuses a file of another user", async () => {
  const { runs, path, asked } = await userWith(adminToken);
  await chown(path, 12_345, 0);
  const { code, notes } = await runs();
  expect({ code, asked }).toEqual({ code: 2, asked: [] });
  expect(notes).toContain("It belongs to another user: its owner is 12345");
});

it.each(["/dev/zero", "/tmp"])(
  "the command refuses %s, and does not advise chmod",
  async (path) => {
    const env = { TIDEMARK_SITE: siteUrl, TIDEMARK_TOKEN_FILE: path };
    const user = await FakeUser.at({ env });
    const { code, notes } = await user.runs(["health"]);
    const says = `${path} was not read. It is not a file. Name a file of mode 600.\n`;
    expect({ code, notes }).toEqual({ code: 2, notes: says });
  },
);

it.each([
  ["a file that does not exist", { TIDEMARK_TOKEN_FILE: "/nonexistent/token" }, "There is no file"],
  ["no token", {}, "There is no token for"],
])("the command says how to give the token: %s", async (_, own, says) => {
  const user = await FakeUser.at({ env: { TIDEMARK_SITE: siteUrl, ...own } });
  const { code, notes } = await user.runs(["health"]);
  expect(code).toBe(2);
  expect(notes).toContain(says);
  expect(notes).toContain("TIDEMARK_TOKEN_FILE");
});

it("the command says how to give the site", async () => {
  const { code, notes } = await (await FakeUser.at()).runs(["health"]);
  expect(code).toBe(2);
  expect(notes).toContain("Neither --site nor TIDEMARK_SITE is set. Write --site https://");
});
