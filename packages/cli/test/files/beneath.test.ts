// Tests file access below a folder. A symbolic link in the path is refused, even if it appears
// while the file is opened.
import { constants } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createBeneath,
  LinkInTheWay,
  linkIn,
  openBeneath,
  replaceBeneath,
} from "../../src/files/beneath.ts";

/** Called before and after the next call of `open`. */
const hooks = vi.hoisted(() => ({ before: async () => {}, after: async () => {} }));
vi.mock(import("node:fs/promises"), async (original) => {
  const real = await original();
  const open: typeof real.open = async (...given) => {
    const { before, after } = hooks;
    [hooks.before, hooks.after] = [async () => {}, async () => {}];
    await before();
    const file = await real.open(...given);
    await after();
    return file;
  };
  return { ...real, open };
});

const modes = { file: 0o600, folder: 0o700 };
let root: string;
let folder: string;
let outside: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "tidemark-beneath-"));
  [folder, outside] = [join(root, "site"), join(root, "outside")];
  await mkdir(folder);
  await mkdir(outside);
  await writeFile(join(outside, "file"), "theirs");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const writers = [
  { name: "createBeneath", put: createBeneath },
  { name: "replaceBeneath", put: replaceBeneath },
];

describe.each(writers)("$name", ({ put }) => {
  it.each([
    { id: "at the path of the file", link: "file", to: "../outside/file", path: "file" },
    { id: "to a file that does not exist", link: "file", to: "../outside/new", path: "file" },
    { id: "at the path of the file's folder", link: "a", to: "../outside", path: "a/file" },
    { id: "at the path of a folder further up", link: "a", to: "../outside", path: "a/b/c" },
    { id: "to a folder that does not exist", link: "a", to: "../outside/none", path: "a/file" },
    { id: "to itself", link: "a", to: "a", path: "a/file" },
  ])("refuses a symbolic link $id", async ({ link, to, path }) => {
    await symlink(to, join(folder, link));
    expect(await linkIn({ folder, path })).toBe(join(folder, link));
    await expect(put({ folder, path }, "ours", modes)).rejects.toBeInstanceOf(LinkInTheWay);
    expect(await readdir(outside)).toEqual(["file"]);
    expect(await readFile(join(outside, "file"), "utf8")).toBe("theirs");
    expect(await readdir(folder)).toEqual([link]);
  });

  it("follows a link at the base folder, and creates missing folders", async () => {
    await symlink("site", join(root, "linked"));
    await put({ folder: join(root, "linked"), path: "a/b/c" }, "ours", modes);
    expect(await readFile(join(folder, "a/b/c"), "utf8")).toBe("ours");
    expect((await stat(join(folder, "a/b/c"))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "a"))).mode & 0o777).toBe(0o700);
  });
});

it("createBeneath does not overwrite an existing file", async () => {
  await writeFile(join(folder, "file"), "theirs");
  const place = { folder, path: "file" };
  await expect(createBeneath(place, "ours", modes)).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readFile(join(folder, "file"), "utf8")).toBe("theirs");
});

it("replaceBeneath replaces a file, and leaves no other file", async () => {
  await writeFile(join(folder, "file"), "theirs");
  await replaceBeneath({ folder, path: "file" }, "ours", modes);
  expect(await readFile(join(folder, "file"), "utf8")).toBe("ours");
  expect(await readdir(folder)).toEqual(["file"]);
});

describe("a folder that is replaced by a link while its file is opened", () => {
  const place = () => ({ folder, path: "a/file" });
  const becomesLink = async () => {
    await rename(join(folder, "a"), join(root, "away"));
    await symlink(outside, join(folder, "a"));
  };
  const isFolderAgain = async () => {
    await rm(join(folder, "a"));
    await rename(join(root, "away"), join(folder, "a"));
  };

  it.each([
    { id: "the link stays", before: becomesLink, after: async () => undefined },
    { id: "the folder is restored at once", before: becomesLink, after: isFolderAgain },
  ])("is refused: $id", async ({ before, after }) => {
    await mkdir(join(folder, "a"));
    await writeFile(join(folder, "a/file"), "theirs");
    hooks.before = before;
    hooks.after = after;
    const { O_WRONLY, O_CREAT } = constants;
    const opened = openBeneath(place(), O_WRONLY | O_CREAT, modes);
    await expect(opened).rejects.toBeInstanceOf(LinkInTheWay);
    expect(await readFile(join(outside, "file"), "utf8")).toBe("theirs");
  });
});
