// Tests the state file of `tidemark warm`: truncated, deleted, a link, of another run, or not
// writable.
import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { exitCode } from "../../src/exit-code.ts";
import { siteEnv, site, WarmUser } from "./warm-user.ts";

const args = ["--list", "-", "--state", "state"];
const input = Array.from({ length: 200 }, (_, at) => `/${at}`).join("\n");

async function interrupted() {
  const user = await WarmUser.at();
  user.interruptAfter = 80;
  expect((await user.warms(args, { input })).code).toBe(exitCode.interrupted);
  user.interruptAfter = Infinity;
  user.site.asked.length = 0;
  return { user, path: join(user.folder, "state") };
}

it.each([
  ["another site", [], { TIDEMARK_SITE: "https://other.example.com" }],
  ["other variants", ["--variant", "Accept-Language: de"], siteEnv],
])("a state file for %s is refused, and --fresh starts over", async (_, more, env) => {
  const { user, path } = await interrupted();
  const before = await readFile(path, "utf8");
  const refused = await user.warms([...args, ...more], { input, env });
  expect([refused.code, user.site.asked]).toEqual([exitCode.usage, []]);
  expect(refused.notes).toContain("It belongs to an interrupted run");
  expect(await readFile(path, "utf8")).toBe(before);
  const { code } = await user.warms([...args, ...more, "--fresh"], { input, env });
  expect([code, user.site.asked.length]).toEqual([exitCode.done, 200]);
});

it("a truncated state file is read up to its last whole line", async () => {
  for (const cutBytes of [1, 5, 16, 17, 18]) {
    const { user, path } = await interrupted();
    const { length } = await readFile(path);
    await truncate(path, length - cutBytes);
    user.interruptAfter = 20;
    await user.warms(args, { input });
    user.interruptAfter = Infinity;
    const lines = (await readFile(path, "utf8")).split("\n").slice(1);
    expect(lines.filter((line) => ![0, 16].includes(line.length)).length).toBeLessThanOrEqual(1);
    expect((await user.warms(args, { input })).code).toBe(exitCode.done);
    // The second run repeats the page of the cut line, and pages that were in progress.
    expect(user.site.asked.length).toBeLessThanOrEqual(200 - 80 + 12);
  }
});

it("a state file that is deleted during the run is not created again", async () => {
  const user = await WarmUser.at(({ pathname }) => {
    if (pathname === "/20") rmSync(join(user.folder, "state"));
    return undefined;
  });
  user.interruptAfter = 40;
  expect((await user.warms(args, { input })).code).toBe(exitCode.interrupted);
  expect(await readdir(user.folder)).not.toContain("state");
});

it("a state file that cannot be created is an error before the first request", async () => {
  const user = await WarmUser.at();
  await writeFile(join(user.folder, "file"), "");
  const { code, notes } = await user.warms(["/a", "--state", "file/state"]);
  expect(code).toBe(exitCode.failed);
  expect(notes).toContain("was not written");
  expect(user.site.asked).toEqual([]);
});

it.each([
  ["--state", "link", "theirs", ["--state", "link"]],
  ["the default folder", "home/tidemark", "../outside", []],
])("a state file is not written through a symbolic link: %s", async (_, link, to, more) => {
  const user = await WarmUser.at();
  const at = (path: string) => join(user.folder, path);
  for (const name of ["home", "outside"]) await mkdir(at(name));
  await writeFile(at("theirs"), "");
  await symlink(to, at(link));
  const env = { ...siteEnv, XDG_STATE_HOME: at("home") };
  const { code, notes } = await user.warms(["/a", ...more], { env });
  expect([code, user.site.asked]).toEqual([exitCode.usage, []]);
  expect(notes).toContain(`${link} is a symbolic link.`);
  expect([await readFile(at("theirs"), "utf8"), await readdir(at("outside"))]).toEqual(["", []]);
});

it("warm does not replace a file that is not a state file", async () => {
  const user = await WarmUser.at();
  await writeFile(join(user.folder, "notes.txt"), "my own notes");
  const { code } = await user.warms(["/a", "--state", "notes.txt"]);
  expect([code, user.site.asked]).toEqual([exitCode.usage, []]);
  expect(await readFile(join(user.folder, "notes.txt"), "utf8")).toBe("my own notes");
});

it("a state file on a full disk is an error before the first request", async () => {
  const user = await WarmUser.at();
  const full = ["--list", "-", "--state", "/dev/full", "--json"];
  const ran = await user.warms(full, { input });
  expect(ran.notes).toContain("ENOSPC");
  expect(user.site.asked).toEqual([]);
});

it("the report of a run that stopped counts the pages that it warmed", async () => {
  let isDown = false;
  const user = await WarmUser.at(({ pathname }) => {
    isDown ||= pathname === "/10";
    if (isDown) throw new TypeError("fetch failed");
    return undefined;
  });
  const { code, out } = await user.warms(args, { input });
  expect(code).toBe(exitCode.failed);
  expect(out).toMatch(new RegExp(`${site} +0 +10 `));
  expect(out).toContain("Stopped after");
});
