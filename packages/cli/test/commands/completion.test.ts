// Tests `tidemark completion`: the offered words, and that completion never executes the typed
// line.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";

const run = promisify(execFile);

async function user() {
  const one = await FakeUser.at();
  for (const name of ["live", "test"]) {
    await one.runs(["profile", "set", name, "--site", `https://${name}.example`, "--no-token"]);
  }
  return one;
}

const rows = [
  { typed: ["pu"], offered: ["purge"] },
  { typed: ["profile", ""], offered: ["set", "list", "use", "remove", "help"] },
  { typed: ["purge", "--ev"], offered: ["--everything"] },
  { typed: ["purge", "--js"], offered: ["--json"] },
  { typed: ["--js"], offered: ["--json"] },
  { typed: ["purge", "--profile", ""], offered: ["live", "test"] },
  { typed: ["--profile", "li"], offered: ["live"] },
  { typed: ["purge", "--profile=te"], offered: ["test"] },
  { typed: ["profile", "use", ""], offered: ["live", "test"] },
  { typed: ["profile", "remove", "l"], offered: ["live"] },
  { typed: ["switch", ""], offered: ["on", "off"] },
  { typed: ["completion", "z"], offered: ["zsh"] },
  { typed: ["purge", "--everything", "--yes", ""], offered: [] },
  { typed: ["purge", "--", "--ev"], offered: ["--everything"] },
] as const;

describe("the completion", () => {
  it.each(rows)("offers $offered for $typed", async ({ typed, offered }) => {
    const { code, out, notes } = await (await user()).runs(["complete", "--", ...typed]);
    expect({ code, notes }).toEqual({ code: 0, notes: "" });
    const words = out
      .split("\n")
      .flatMap((line) => (/^(?::|$)/.test(line) ? [] : [line.split("\t")[0]]));
    expect(words).toEqual(offered);
  });

  it("offers the commands of --help with a summary", async () => {
    const one = await user();
    const { out } = await one.runs(["complete", "--", ""]);
    expect(out).toContain("purge\tpurge by tag, URL, prefix, host or route\n");
    const help = (await one.runs(["--help"])).out.split("Commands:\n")[1] ?? "";
    const commands = [...help.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
    expect(out.match(/^\w+/gm)).toEqual(expect.arrayContaining(commands.slice(0, 9)));
  });
});

describe("the completion script", () => {
  it.each(["zsh", "bash", "fish", "powershell"])(
    "for %s runs `tidemark complete`",
    async (shell) => {
      const { log } = console;
      const { code, out, notes } = await (await user()).runs(["completion", shell]);
      expect({ code, notes }).toEqual({ code: 0, notes: "" });
      expect(out).toMatch(/tidemark complete '?--'?/);
      expect(console.log).toBe(log);
    },
  );

  it.each([["tcsh"], []])("is not printed for an unknown or missing shell: %s", async (...args) => {
    const { code, notes } = await (await user()).runs(["completion", ...args]);
    expect(code).toBe(2);
    expect(notes).toMatch(/zsh, bash, fish, powershell|missing required argument/);
  });
});

describe("the completion script in bash", () => {
  const lines = [
    { line: "tidemark purge --ev", words: "purge --ev" },
    { line: "tidemark purge ", words: "purge " },
    {
      line: "tidemark purge --tag $(touch run) `touch run` ; touch run",
      words: "purge --tag $(touch run) `touch run` ; touch run",
    },
    { line: 'tidemark purge --reason "a b', words: 'purge --reason "a b' },
  ];

  it.each(lines)("passes words without executing them: $line", async ({ line, words }) => {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-bash-"));
    try {
      // A stub of the command, which records its arguments and prints two words.
      const stub = `#!/bin/bash\nshift 2\necho "$*" > asked\nprintf 'one\\tfirst\\ntwo\\tsecond\\n:4\\n'\n`;
      await writeFile(join(folder, "tidemark"), stub, { mode: 0o755 });
      const { out: script } = await (await user()).runs(["completion", "bash"]);
      const typed = `${script}${script}COMP_LINE=$LINE; COMP_POINT=\${#LINE}; _tidemark_complete; echo "\${COMPREPLY[*]}"; cat asked`;
      const env = { PATH: `${folder}:${process.env["PATH"]}`, LINE: line };
      const { stdout, stderr } = await run("bash", ["--norc", "-c", typed], { cwd: folder, env });
      expect(stderr).toBe("");
      const [replied, ...asked] = stdout.split("\n");
      expect(replied).toBe("one two");
      expect(asked.join("\n")).toBe(`${words}\n`);
      expect(await readdir(folder)).not.toContain("run");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
