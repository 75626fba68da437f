// Tests the --help text of every command, and that docs/command.md names each command.
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { makeProgram } from "../src/program.ts";
import { FakeUser } from "./fakes/fake-world.ts";

interface Named {
  readonly path: readonly string[];
  readonly command: Command;
}

function allOf(command: Command, path: readonly string[] = []): Named[] {
  const inner = command.commands.flatMap((one) => allOf(one, [...path, one.name()]));
  return [{ path, command }, ...inner];
}

const all = allOf(makeProgram(() => async () => undefined)).map(({ path, command }) => ({
  name: ["tidemark", ...path].join(" "),
  path,
  command,
}));

describe.each(all)("$name --help", ({ name, path, command }) => {
  const helped = async () => {
    const user = await FakeUser.at();
    return user.runs([...path, "--help"]);
  };

  it("exits with 0, and prints only to stdout", async () => {
    const { code, out, notes } = await helped();
    expect({ code, notes }).toEqual({ code: 0, notes: "" });
    expect(out).toContain(`Usage: ${name}`);
  });

  it("has a summary, a description and examples of this command", async () => {
    const { out } = await helped();
    // The program itself is in no list of commands, so it has no summary.
    expect(path.length === 0 ? "none" : command.summary()).toMatch(/^[^A-Z].*[^.]$/);
    expect(command.description()).toMatch(/^[A-Z].*\.$/s);
    const examples = out.split(/^Examples?:$/m)[1] ?? "";
    expect(examples).toMatch(new RegExp(`^ {2}.*${name}`, "m"));
  });

  it("has no line over 80 columns, and describes each option and argument", async () => {
    const { out } = await helped();
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    for (const { flags, description } of command.options) {
      expect(`${flags}: ${description}`).toMatch(/: .+/);
    }
    for (const word of command.registeredArguments) {
      expect(`${word.name()}: ${word.description}`).toMatch(/: .+/);
    }
  });
});

it("docs/command.md lists each command, and has sections only for commands", () => {
  const page = readFileSync("docs/command.md", "utf8");
  const names = all.flatMap(({ path }) => (path.length === 1 ? path : []));
  const sections = [...page.matchAll(/^## ([a-z]+)$/gm)].map(([, name]) => name);
  expect(sections.filter((name) => !names.includes(name ?? ""))).toEqual([]);
  const [list = ""] = page.split("\n## ", 1);
  expect(names.filter((name) => !list.includes(`[\`${name}\`](`))).toEqual([]);
});

it("`tidemark help purge` prints the same text as `tidemark purge --help`", async () => {
  const user = await FakeUser.at();
  expect(await user.runs(["help", "purge"])).toEqual(await user.runs(["purge", "--help"]));
});

it("`tidemark` without a command prints its help to stderr, and exits with 2", async () => {
  const user = await FakeUser.at();
  const { code, out, notes } = await user.runs([]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(notes).toContain("Commands:");
});

it("the examples of all help texts are valid command lines", async () => {
  for (const { path } of all) {
    const user = await FakeUser.at();
    const { out } = await user.runs([...path, "--help"]);
    const lines = out.split(/^Examples?:$/m)[1]?.split("\n") ?? [];
    for (const line of lines.filter((one) => one.startsWith("  tidemark "))) {
      const ran = await user.runs(wordsOf(line), { env: {}, input: "token-x\n" });
      expect(`${line}: ${ran.notes}`).not.toMatch(/error:|The command line is invalid/);
    }
  }
});

/** Splits an example as a shell does. Of a shell's syntax, only double quotes are supported. */
function wordsOf(line: string): string[] {
  const [command = ""] = line.trim().split(/ [<>|#]| \|\|/);
  const words = command.match(/"[^"]*"|\S+/g) ?? [];
  return words.slice(1).map((word) => word.replaceAll('"', ""));
}
