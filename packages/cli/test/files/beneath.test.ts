// Tests file access below a folder: links in the path are found, and files appear whole.
import { mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBeneath, linkIn, replaceBeneath } from "../../src/files/beneath.ts";
import { tempFolder } from "../fakes/temp-folder.ts";

const modes = { file: 0o600, folder: 0o700 };
const root = tempFolder();
const folderOf = () => join(root.path, "site");

it.each([
  { id: "at the path of the file", link: "file", to: "../outside/file", path: "file" },
  { id: "to a file that does not exist", link: "file", to: "../outside/new", path: "file" },
  { id: "at the path of the file's folder", link: "a", to: "../outside", path: "a/file" },
  { id: "at the path of a folder further up", link: "a", to: "../outside", path: "a/b/c" },
  { id: "to itself", link: "a", to: "a", path: "a/file" },
])("linkIn finds a symbolic link $id", async ({ link, to, path }) => {
  const folder = folderOf();
  await mkdir(folder);
  await symlink(to, join(folder, link));
  expect(await linkIn({ folder, path })).toBe(join(folder, link));
});

describe.each([
  { name: "createBeneath", put: createBeneath },
  { name: "replaceBeneath", put: replaceBeneath },
])("$name", ({ put }) => {
  it("follows a link at the base folder, and creates missing folders", async () => {
    const folder = folderOf();
    await mkdir(folder);
    await symlink("site", join(root.path, "linked"));
    await put({ folder: join(root.path, "linked"), path: "a/b/c" }, "ours", modes);
    expect(await linkIn({ folder, path: "a/b/c" })).toBeUndefined();
    expect(await readFile(join(folder, "a/b/c"), "utf8")).toBe("ours");
    expect((await stat(join(folder, "a/b/c"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "a"))).mode & 0o777).toBe(0o700);
  });
});

it("createBeneath does not overwrite an existing file", async () => {
  const place = { folder: folderOf(), path: "file" };
  await createBeneath(place, "theirs", modes);
  await expect(createBeneath(place, "ours", modes)).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readFile(join(folderOf(), "file"), "utf8")).toBe("theirs");
});

it("replaceBeneath replaces a file, and leaves no other file", async () => {
  await root.write("site/file", "theirs");
  await replaceBeneath({ folder: folderOf(), path: "file" }, "ours", modes);
  expect(await readFile(join(folderOf(), "file"), "utf8")).toBe("ours");
  expect(await readdir(folderOf())).toEqual(["file"]);
});
