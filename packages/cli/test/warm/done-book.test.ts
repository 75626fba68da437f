// The file in which a warming remembers what is done: cut off, shared, of another run, not to be written.
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

const others = [
  { name: "another site", args, env: { TIDEMARK_SITE: "https://other.example.com" } },
  { name: "other variants", args: [...args, "--variant", "Accept-Language: de"], env: siteEnv },
];

it.each(others)("of $name is refused, and --fresh begins anew", async (other) => {
  const { user, path } = await interrupted();
  const before = await readFile(path, "utf8");
  const refused = await user.warms(other.args, { input, env: other.env });
  expect([refused.code, user.site.asked]).toEqual([exitCode.usage, []]);
  expect(refused.notes).toContain("It belongs to an interrupted run");
  expect(await readFile(path, "utf8")).toBe(before);
  const { code } = await user.warms([...other.args, "--fresh"], { input, env: other.env });
  expect([code, user.site.asked.length]).toEqual([exitCode.done, 200]);
});

it("that was cut off anywhere is read as far as it is whole", async () => {
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
    // The page whose line was cut, and those that were under way.
    expect(user.site.asked.length).toBeLessThanOrEqual(200 - 80 + 12);
  }
});

it("that another run deletes at its end leaves no part of one", async () => {
  const user = await WarmUser.at(({ pathname }) => {
    if (pathname === "/20") rmSync(join(user.folder, "state"));
    return undefined;
  });
  user.interruptAfter = 40;
  expect((await user.warms(args, { input })).code).toBe(exitCode.interrupted);
  expect(await readdir(user.folder)).not.toContain("state");
});

it("that cannot be written says so before a page is asked for", async () => {
  const user = await WarmUser.at();
  await writeFile(join(user.folder, "file"), "");
  const { code, notes } = await user.warms(["/a", "--state", "file/state"]);
  expect(code).toBe(exitCode.failed);
  expect(notes).toContain("was not written");
  expect(user.site.asked).toEqual([]);
});

it.each([
  { id: "--state", link: "state", to: "theirs", more: ["--state", "state"] },
  { id: "--state, of nothing", link: "state", to: "new", more: ["--state", "state"] },
  { id: "the usual folder", link: "home/tidemark", to: "../outside", more: [] },
])("is written through no link: $id", async ({ link, to, more }) => {
  const user = await WarmUser.at();
  await mkdir(join(user.folder, "home"));
  await mkdir(join(user.folder, "outside"));
  await writeFile(join(user.folder, "theirs"), "");
  await symlink(to, join(user.folder, link));
  const env = { ...siteEnv, XDG_STATE_HOME: join(user.folder, "home") };
  const { code, notes } = await user.warms(["/a", ...more], { env });
  expect([code, user.site.asked]).toEqual([exitCode.usage, []]);
  expect(notes).toContain(`${link} is a symbolic link.`);
  expect(await readFile(join(user.folder, "theirs"), "utf8")).toBe("");
  expect(await readdir(join(user.folder, "outside"))).toEqual([]);
  expect(await readdir(user.folder)).not.toContain("new");
});

it("on a disk that is full says so before a page is asked for", async () => {
  const user = await WarmUser.at();
  const full = ["--list", "-", "--state", "/dev/full", "--json"];
  const ran = await user.warms(full, { input });
  expect(ran.notes).toContain("ENOSPC");
  expect(user.site.asked).toEqual([]);
});

it("keeps what a run did that was stopped, and tells it", async () => {
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
