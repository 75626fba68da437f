// Tests which command lines the command accepts or rejects, and its output after an error.
import { describe, expect, it } from "vitest";
import { main } from "../src/main.ts";
import { FakeUser } from "./fakes/fake-world.ts";
import { mistypedRows } from "./mistyped-rows.ts";
import { operatorAt } from "./fakes/operator.ts";
import { operatorEnv } from "./fakes/site-as-fetch.ts";

describe("an invalid command line", () => {
  it.each(mistypedRows)("exits with 2 and sends nothing: $name", async ({ args, says, env }) => {
    const { user, asked } = await operatorAt();
    const { code, notes, out } = await user.runs(args, { env: { ...operatorEnv, ...env } });
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(notes).not.toBe("");
    expect(notes).toContain(says);
    const hasError = args.includes("--json");
    expect(hasError ? Object.keys(JSON.parse(out)) : out).toEqual(hasError ? ["error"] : "");
  });
});

describe("the purge command", () => {
  it.each([
    ["a value that begins with a dash, after =", ["--tag=-a"], { tags: 1 }],
    ["a single dash as a value", ["--tag", "-"], { tags: 1 }],
    ["--yes twice", ["--everything", "--yes", "--yes"], { everything: true }],
    ["short option names", ["-t", "a", "-u", "/b"], { tags: 1, urls: 1 }],
  ])("accepts %s", async (_, args, targets) => {
    const { user } = await operatorAt();
    const { code, out } = await user.runs(["--json", "purge", ...args]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ targets });
  });
});

describe("an invalid option with a secret", () => {
  it.each([
    ["--header=authorization: Bearer hush-1", ""],
    ["--apikey=hu'=sh-1\nb", ""],
    ["-k=hush-1", ""],
    ["--token=hush-1", "TIDEMARK_TOKEN"],
    ["--admin-token=hu'sh-1", "TIDEMARK_TOKEN"],
    ["--Secret=hush-1", "TIDEMARK_TOKEN"],
    ["--bearer=hush-1", "TIDEMARK_TOKEN"],
    ["--api'key=hush-1", ""],
  ])("is rejected without printing the secret: %s", async (arg, says) => {
    const { user, asked } = await operatorAt();
    const { code, out, notes } = await user.runs(["purge", "--tag", "a", "--json", arg]);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(out + notes).not.toContain("sh-1");
    expect(notes).toContain(says);
  });
});

const hush = "hush-1";

const linesWithSecrets = [
  ["explain", "/a", "--header", `Cookie ${hush}`],
  ["explain", "/a", `--header=Cookie ${hush}`],
  ["explain", "/a", "--header", `Cookie '${hush}' is invalid. '${hush}'`],
  ["explain", "/a", "--header", `Cookie\n${hush}`],
  ["explain", "/a", "--header", `-Cookie: ${hush}`],
  ["explain", "/a", `--header Cookie: ${hush}`],
  ["explain", "/a", `-HCookie: ${hush}`],
  ["explain", `shop.example/?token=${hush}`],
  ["purge", "--url", `user:${hush}@shop.example/a`],
  ["health", "--site", `user:${hush}@shop.example`],
  ["health", "--site", `ftp://user:${hush}@shop.example`],
].map((args) => ({ args, line: JSON.stringify(args) }));

describe.each([
  { form: "text", flags: [] },
  { form: "JSON", flags: ["--json"] },
])("an error in $form about a value with a secret", ({ flags }) => {
  it.each(linesWithSecrets)("does not print the secret: $line", async ({ args }) => {
    const { user, asked } = await operatorAt();
    const { code, out, notes } = await user.runs([...args, ...flags]);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(out + notes).not.toContain(hush);
    expect(notes).not.toBe("");
    expect(out === "").toBe(flags.length === 0);
  });
});

it("an error about an invalid value names the option and the right form", async () => {
  const { user } = await operatorAt();
  const { out, notes } = await user.runs(["explain", "/a", "--header", "Cookie a", "--json"]);
  const why = `option '--header <field>' is invalid. Write it like "Accept-Language: de".`;
  expect(JSON.parse(out)).toMatchObject({ error: { code: "usage", why } });
  expect(notes).toContain(why);
  expect((await user.runs(["switch", "onn"])).notes).toContain("argument 'state' is invalid.");
});

it("an unknown option is reported as JSON with --json", async () => {
  const { user } = await operatorAt();
  const ran = await user.runs(["purge", "--tagg", "a", "--json"]);
  const { error } = JSON.parse(ran.out);
  expect(error).toMatchObject({ code: "usage", why: expect.stringMatching(/^unknown option/) });
});

describe("an unexpected failure", () => {
  const ran = async (args: readonly string[], env = {}) => {
    const user = await FakeUser.at({ env: { ...operatorEnv, ...env } });
    const { world, output, notes } = user.world(args);
    const nowAtMs = () => {
      throw new TypeError("no clock");
    };
    return { code: await main({ ...world, nowAtMs }), out: output.text, notes: notes.text };
  };

  it("is reported without a stack trace, and exits with 1", async () => {
    const { code, out, notes } = await ran(["health", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: "failed" } });
    expect(notes).toContain("TIDEMARK_DEBUG=1");
    expect(notes).not.toContain("    at ");
  });

  it("is reported with its stack trace if TIDEMARK_DEBUG is set", async () => {
    expect((await ran(["health"], { TIDEMARK_DEBUG: "1" })).notes).toContain("    at ");
  });
});
