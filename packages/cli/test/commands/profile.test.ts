// Tests `tidemark profile`: the stored file, its protection, and that tokens are never printed.
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { adminToken, openReached, siteUrl } from "../fakes/site-as-fetch.ts";

const secret = "hush-hush-hush-hush";
const pathOf = ({ folder }: FakeUser) => join(folder, ".config", "tidemark", "profiles.json");
const stored = async (user: FakeUser) => JSON.parse(await readFile(pathOf(user), "utf8"));

async function withTwo() {
  const user = await FakeUser.at();
  const set = ["profile", "set"];
  await user.runs([...set, "live", "--site", "https://a.example"], { input: `${secret}\n` });
  await user.runs([...set, "test", "--site", "https://b.example", "--no-token"]);
  return user;
}

describe("profile set", () => {
  it("stores the site and the token in a file that only its owner may read", async () => {
    const user = await FakeUser.at();
    const args = "profile set live --site https://A.example/ --operator-path /ops";
    const ran = await user.runs(args.split(" "), { input: `${secret}\nmore\n` });
    expect(ran).toMatchObject({ code: 0, notes: "" });
    expect(ran.out).toMatch(
      /^Stored live: https:\/\/a\.example, with its token, .*It is the default\.\n$/,
    );
    expect(ran.out).not.toContain(secret);
    expect(await stored(user)).toEqual({
      default: "live",
      profiles: { live: { site: "https://a.example", operatorPath: "/ops", token: secret } },
    });
    expect((await stat(pathOf(user))).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(pathOf(user)))).mode & 0o777).toBe(0o700);
  });

  it("asks for the token in a terminal, and does not show it", async () => {
    const user = await FakeUser.at({ isTty: true });
    const args = ["profile", "set", "live", "--site", "https://a.example"];
    const { code, out, notes } = await user.runs(args, { input: `${secret}\r` });
    expect(code).toBe(0);
    expect((await stored(user)).profiles.live.token).toBe(secret);
    expect(notes).toContain("The ADMIN_TOKEN of https://a.example");
    expect(out + notes).not.toContain(secret);
  });

  it("replaces the profile with the same name, and keeps the others and the default", async () => {
    const user = await withTwo();
    const args = "profile set live --site https://c.example --no-token --json";
    const { out } = await user.runs(args.split(" "));
    const told = { name: "live", site: "https://c.example", hasToken: false, isDefault: true };
    expect(JSON.parse(out)).toEqual(told);
    expect(await stored(user)).toEqual({
      default: "live",
      profiles: { live: { site: "https://c.example" }, test: { site: "https://b.example" } },
    });
  });
});

describe("profile set with invalid input", () => {
  it.each([
    ["no site", ["a"], "No site is specified"],
    ["an http site on another machine", ["a", "--site", "http://a.example"], "no TLS"],
    ["a site with a path", ["a", "--site", "https://a.example/x"], "more than scheme"],
    ["a name that is a path", ["../a", "--site", siteUrl], "not a valid profile name"],
    [
      "a name that JavaScript reserves",
      ["__proto__", "--site", siteUrl],
      "not a valid profile name",
    ],
    ["an empty token", ["a", "--site", siteUrl], "It is empty"],
    ["a token with a space", ["a", "--site", siteUrl], "a space", "a b\n"],
  ])("rejects %s, and stores nothing", async (_name, args, says, input = "") => {
    const user = await FakeUser.at();
    const { code, notes } = await user.runs(["profile", "set", ...args], { input });
    expect(code).toBe(2);
    expect(notes).toContain(says);
    await expect(stored(user)).rejects.toThrow("ENOENT");
  });
});

it("profile list shows profiles without their tokens", async () => {
  const user = await withTwo();
  const { out } = await user.runs(["profile", "list"]);
  expect(out).toBe(
    "name  site               token  default\nlive  https://a.example  yes    yes\ntest  https://b.example  no\n",
  );
  const asJson = await user.runs(["profile", "list", "--json"]);
  const operatorPath = null;
  expect(JSON.parse(asJson.out).profiles).toEqual([
    { name: "live", site: "https://a.example", operatorPath, hasToken: true, isDefault: true },
    { name: "test", site: "https://b.example", operatorPath, hasToken: false, isDefault: false },
  ]);
});

it("profile list reports that there are no profiles", async () => {
  const user = await FakeUser.at();
  const { code, out, notes } = await user.runs(["profile", "list"]);
  expect({ code, out }).toEqual({ code: 0, out: "" });
  expect(notes).toContain("There are no profiles");
});

it("profile use changes the default, and profile remove also deletes the token", async () => {
  const user = await withTwo();
  expect((await user.runs(["profile", "use", "test"])).out).toContain("The default is test");
  expect((await stored(user)).default).toBe("test");
  expect((await user.runs(["profile", "remove", "test"])).out).toContain("It was the default");
  expect(await stored(user)).toEqual({
    profiles: { live: { site: "https://a.example", token: secret } },
  });
  await user.runs(["profile", "remove", "live"]);
  expect(await readFile(pathOf(user), "utf8")).not.toContain(secret);
});

it.each(["use", "remove"])("profile %s rejects an unknown name", async (command) => {
  const user = await withTwo();
  const { code, notes } = await user.runs(["profile", command, "toString"]);
  expect(code).toBe(2);
  expect(notes).toContain("Profiles: live, test.");
});

it("a profile selects the site of other commands; its token goes only to this site", async () => {
  const { fetch, asked } = openReached();
  const user = await FakeUser.at({ fetch });
  const site = ["--site", siteUrl];
  await user.runs(["profile", "set", "live", ...site], { input: adminToken });
  for (const args of [[], ["--profile", "live"], site]) {
    expect((await user.runs(["switch", ...args])).code).toBe(0);
  }
  const elsewhere = await user.runs(["switch", "--site", "https://b.example"]);
  expect(elsewhere.notes).toContain("There is no token for https://b.example");
  expect(asked).toHaveLength(3);
});

describe("a profile file", () => {
  const token = JSON.stringify({ profiles: { a: { site: siteUrl, token: "two words" } } });
  const path = JSON.stringify({ profiles: { a: { site: siteUrl, operatorPath: "//b.example" } } });
  it.each([
    { name: "others may read it", mode: 0o644, text: '{"profiles":{}}', says: "its mode is 644" },
    { name: "its group may write it", mode: 0o620, text: '{"profiles":{}}', says: "mode is 620" },
    { name: "it is not JSON", mode: 0o600, text: "{", says: "It is not JSON" },
    { name: "it has no profiles", mode: 0o600, text: "{}", says: 'no "profiles"' },
    {
      name: "a profile has no site",
      mode: 0o600,
      text: '{"profiles":{"a":{}}}',
      says: 'no "site"',
    },
    { name: "a token is invalid", mode: 0o600, text: token, says: "cannot be used" },
    {
      name: "an operator path leads to another host",
      mode: 0o600,
      text: path,
      says: "operator path is invalid",
    },
  ])("is rejected if $name", async ({ mode, text, says }) => {
    const user = await FakeUser.at();
    await mkdir(dirname(pathOf(user)), { recursive: true });
    await writeFile(pathOf(user), text);
    await chmod(pathOf(user), mode);
    for (const args of [["health"], ["health", "--site", siteUrl]]) {
      const { code, notes } = await user.runs(args);
      expect({ code, notes }).toEqual({ code: 2, notes: expect.stringContaining(says) });
      expect(notes).not.toContain("two words");
    }
  });
});
