// Tests the user's profile and token files: owner, kind and links.
import { chmod, chown, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";

const pathOf = ({ folder }: FakeUser) => join(folder, ".config", "tidemark", "profiles.json");
const profiles = (...names: readonly string[]) =>
  JSON.stringify({ profiles: Object.fromEntries(names.map((name) => [name, { site: siteUrl }])) });

async function userWith(text: string, mode = 0o600) {
  const { fetch, asked } = openReached();
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  await mkdir(dirname(pathOf(user)), { recursive: true });
  await writeFile(pathOf(user), text);
  await chmod(pathOf(user), mode);
  return { user, asked };
}

const set = (name: string) => ["profile", "set", name, "--site", siteUrl, "--no-token"];
it("profile list reads a file that begins with a byte order mark", async () => {
  const { user } = await userWith(`\ufeff${profiles("a")}`);
  expect((await user.runs(["profile", "list"])).out).toContain(`a     ${siteUrl}`);
});

it.runIf(process.getuid?.() === 0)(
  "the command refuses a profile file of another user",
  async () => {
    const { user, asked } = await userWith(profiles("a"));
    await chown(pathOf(user), 12_345, 0);
    const { code, notes } = await user.runs(["health"]);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(notes).toContain("It belongs to another user: its owner is 12345");
  },
);

it.each(["/dev/zero", "/tmp"])(
  "the command refuses the token file %s, and does not advise chmod",
  async (path) => {
    const env = { TIDEMARK_SITE: siteUrl, TIDEMARK_TOKEN_FILE: path };
    const user = await FakeUser.at({ env });
    const { code, notes } = await user.runs(["health"]);
    expect({ code, notes }).toEqual({
      code: 2,
      notes: `${path} was not read. It is not a file. Name a file of mode 600.\n`,
    });
  },
);

it("the command works without profiles if XDG_CONFIG_HOME is not a folder", async () => {
  const { fetch } = openReached();
  const user = await FakeUser.at({ fetch, env: { ...operatorEnv, XDG_CONFIG_HOME: "/dev/null" } });
  expect((await user.runs(["switch"])).code).toBe(0);
  const { code, notes } = await user.runs(set("a"));
  expect(code).toBe(2);
  expect(notes).toMatch(/was not written\. The system reported (?:EEXIST|ENOTDIR)\./);
});

it("profile set reports a corrupt profile file, and does not change it", async () => {
  const { user } = await userWith("{");
  const { code, notes } = await user.runs(set("a"));
  expect(code).toBe(2);
  expect(notes).toContain("It is not JSON. Fix it, or delete it");
  expect(await readFile(pathOf(user), "utf8")).toBe("{");
  expect(await readdir(dirname(pathOf(user)))).toEqual(["profiles.json"]);
});

it.each([
  { id: "the file", link: "tidemark/profiles.json", to: "../../kept/profiles.json" },
  { id: "its folder", link: "tidemark", to: "../kept" },
])(
  "the command reads profiles through a symbolic link, but does not write through it: $id",
  async ({ link, to }) => {
    const { user } = await userWith(profiles("a"));
    const env = { XDG_CONFIG_HOME: join(user.folder, "linked") };
    const kept = join(user.folder, "kept/profiles.json");
    await mkdir(dirname(kept));
    await writeFile(kept, profiles("b"), { mode: 0o600 });
    await mkdir(dirname(join(env.XDG_CONFIG_HOME, link)), { recursive: true });
    await symlink(to, join(env.XDG_CONFIG_HOME, link));
    expect((await user.runs(["profile", "list"], { env })).out).toContain(`b     ${siteUrl}`);
    const { code, notes } = await user.runs(set("c"), { env });
    expect(code).toBe(2);
    expect(notes).toContain(
      `was not written. ${join(env.XDG_CONFIG_HOME, link)} is a symbolic link.`,
    );
    expect(await readFile(kept, "utf8")).toBe(profiles("b"));
    expect(await readdir(dirname(kept))).toEqual(["profiles.json"]);
  },
);
