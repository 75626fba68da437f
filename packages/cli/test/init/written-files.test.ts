// Tests how the files of a site are written: not through links, whole, and secrets for one user.
import { mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { write } from "../../src/init/site-files.ts";
import { tempFolder } from "../fakes/temp-folder.ts";

const root = tempFolder();
const folderOf = () => join(root.path, "site");

it.each([
  { id: "at the path of the file", link: "file", to: "../outside/file", path: "file" },
  { id: "to a file that does not exist", link: "file", to: "../outside/new", path: "file" },
  { id: "at the path of the file's folder", link: "a", to: "../outside", path: "a/file" },
  { id: "at the path of a folder further up", link: "a", to: "../outside", path: "a/b/c" },
  { id: "to itself", link: "a", to: "a", path: "a/file" },
])("nothing is written if there is a symbolic link $id", async ({ link, to, path }) => {
  const folder = folderOf();
  await mkdir(folder);
  await symlink(to, join(folder, link));
  const files = [
    { path: "first", text: "" },
    { path, text: "" },
  ];
  await expect(write(files, folder)).rejects.toThrow(`${join(folder, link)} is a symbolic link`);
  expect(await readdir(folder)).toEqual([link]);
});

it("files are written below a linked folder, and secrets only for the user", async () => {
  await mkdir(folderOf());
  await symlink("site", join(root.path, "linked"));
  await write([{ path: "a/b/c", text: "ours", isSecret: true }], join(root.path, "linked"));
  expect(await readFile(join(folderOf(), "a/b/c"), "utf8")).toBe("ours");
  expect((await stat(join(folderOf(), "a/b/c"))).mode & 0o777).toBe(0o600);
});

it("only a file that init generates for each origin is replaced, and nothing else is left", async () => {
  await root.write("site/file", "theirs");
  await root.write("site/wrangler.jsonc", "theirs");
  await write([{ path: "wrangler.jsonc", text: "ours" }], folderOf());
  await expect(write([{ path: "file", text: "ours" }], folderOf())).rejects.toThrow("EEXIST");
  expect(await readFile(join(folderOf(), "wrangler.jsonc"), "utf8")).toBe("ours");
  expect(await readFile(join(folderOf(), "file"), "utf8")).toBe("theirs");
  expect((await readdir(folderOf())).sort()).toEqual(["file", "wrangler.jsonc"]);
});
