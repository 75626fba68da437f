// `tidemark completion`: a script by which a shell completes the command. The script asks the hidden command
// `complete`, which tells words, and does nothing else: it asks no site, and runs no other command.
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { bashScript } from "../completion/bash-script.ts";
import { exitCode } from "../exit-code.ts";
import type { AddCommand } from "../session.ts";
import type { Session } from "../session.ts";
import { isProfileName, readProfiles } from "../site/profiles.ts";

type Completions = ReturnType<typeof tab>;

/** Comes after all other commands, since it reads what they are. */
export const addCompletion: AddCommand = (program, act) => {
  const completions = tab(program, { completionCommandName: "completion" });
  for (const command of program.commands) {
    if (command.name() === "completion") {
      for (const argument of command.registeredArguments) argument.description = "your shell";
      command
        .summary("a script by which your shell completes tidemark")
        .description(
          "Writes a script to stdout: with it, the shell completes commands, options and the names of profiles. It asks no site. The shell must find tidemark itself, as npm install --global sets it up.",
        )
        .addHelpText("after", examples)
        .action(act((session, _, [shell = ""]) => script(session, shell, completions)));
    }
    if (command.name() === "complete") {
      command.action(act((session, _, words) => complete(session, words, completions)));
    }
  }
  offerEverywhere(program, completions);
};

const examples = `
Examples:
  eval "$(tidemark completion bash)"     # in ~/.bashrc
  source <(tidemark completion zsh)      # in ~/.zshrc, after compinit
  tidemark completion fish > ~/.config/fish/completions/tidemark.fish
  tidemark completion powershell >> $PROFILE`;

async function script({ terminal }: Session, shell: string, completions: Completions) {
  terminal.text(
    shell === "bash" ? bashScript : printed(() => completions.setup("tidemark", "tidemark", shell)),
  );
  return exitCode.done;
}

async function complete(
  { terminal, world }: Session,
  words: readonly string[],
  completions: Completions,
) {
  // A file that cannot be used has no names; a command says what is wrong with it.
  const { profiles } = await readProfiles(world).catch(() => ({ profiles: {} }));
  const names = Object.keys(profiles).filter(isProfileName);
  const tellNames = (tell: (name: string, description: string) => void) => {
    for (const name of names) tell(name, "");
  };
  for (const command of [completions, ...completions.commands.values()]) {
    const option = command.options.get("profile");
    if (option !== undefined) option.handler = tellNames;
  }
  for (const command of ["profile use", "profile remove"]) {
    const argument = completions.commands.get(command)?.arguments.get("name");
    if (argument !== undefined) argument.handler = tellNames;
  }
  terminal.text(printed(() => completions.parse([...words])));
  return exitCode.done;
}

/** Options of the program may stand behind a command, too; and a shell shows a summary beside each command. */
function offerEverywhere(program: Command, completions: Completions): void {
  for (const [path, offered] of completions.commands) {
    offered.description = commandAt(path, program)?.summary() || offered.description;
    for (const { long, description, required } of program.options) {
      const name = long?.slice(2) ?? "";
      if (required) offered.option(name, description, () => undefined);
      else offered.option(name, description);
    }
  }
}

/** @param path such as `profile set` */
function commandAt(path: string, program: Command): Command | undefined {
  let command: Command | undefined = program;
  for (const word of path.split(" ")) {
    command = command?.commands.find((one) => one.name() === word);
  }
  return command;
}

/** The library writes by console.log alone, and at once. */
function printed(work: () => void): string {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    work();
  } finally {
    console.log = log;
  }
  return lines.map((line) => `${line}\n`).join("");
}
