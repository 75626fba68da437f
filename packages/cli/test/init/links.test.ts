// Tests `tidemark init` in a folder with symbolic links at the paths of its files.
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { reaching } from "./reached-origin.ts";
import { staticSite } from "./sites/static-site.ts";

const origin = "https://static.test";

async function userWithLink(to: string, link: string) {
  const user = await FakeUser.at(reaching(origin, staticSite));
  await mkdir(join(user.folder, "out"));
  await mkdir(join(user.folder, "outside"));
  await writeFile(join(user.folder, "outside/theirs"), "theirs");
  await symlink(to, join(user.folder, "out", link));
  return { user, outside: () => readdir(join(user.folder, "outside")) };
}

it.each([
  ["tidemark.config.ts", "../outside/theirs"],
  ["src", "../outside"],
])("init refuses the link %s to %s even with --force, and writes no file", async (link, to) => {
  const { user, outside } = await userWithLink(to, link);
  const { code, notes } = await user.runs(["init", origin, "--out", "out", "--force"]);
  expect(code).toBe(2);
  expect(notes).toContain(
    `${link} is a symbolic link, and this command does not write through links.`,
  );
  expect(await readdir(join(user.folder, "out"))).toEqual([link]);
  expect(await outside()).toEqual(["theirs"]);
  expect(await readFile(join(user.folder, "outside/theirs"), "utf8")).toBe("theirs");
});

it("init keeps a link at the path of a file that it never replaces", async () => {
  const { user, outside } = await userWithLink("../outside/new", "tsconfig.json");
  const { code, out } = await user.runs(["init", origin, "--out", "out"]);
  expect(code).toBe(0);
  expect(out).toContain("Already present, and kept: tsconfig.json.");
  expect(await outside()).toEqual(["theirs"]);
});
