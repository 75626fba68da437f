// `tidemark completion`: writes a completion script for a shell. The script calls the hidden
// command `complete`, which prints the completions. Completion sends nothing to a site, and runs no
// other command.
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { exitCode } from "../command-error.ts";
import type { AddCommand, Session } from "../session.ts";
import { isProfileName, readProfiles } from "../site/profiles.ts";

/**
 * The script for ~/.bashrc. Calls `tidemark complete -- WORD…`, and offers files if the call prints
 * nothing.
 */
const bashScript = `# bash completion for tidemark
_tidemark_complete() {
  local -a words
  local line="\${COMP_LINE:0:COMP_POINT}" value
  read -r -a words <<< "$line"
  case "$line" in
    *[[:space:]]) words+=("") ;;
  esac
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    case "$value" in
      ""|:*) ;;
      *) COMPREPLY+=("$value") ;;
    esac
  done < <(command tidemark complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _tidemark_complete tidemark
`;

type Completions = ReturnType<typeof tab>;

/** Adds the command. Call it after adding all others, because it reads them. */
export const addCompletion: AddCommand = (program, act) => {
  const completions = tab(program, { completionCommandName: "completion" });
  for (const command of program.commands) {
    if (command.name() === "completion") {
      for (const argument of command.registeredArguments) argument.description = "your shell";
      command
        .summary("print a completion script for your shell")
        .description(
          "Writes a completion script to stdout, for commands, options and the names of profiles. It sends nothing to a site. The PATH must include tidemark, as after npm install --global.",
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
  // If the file is unusable, offer no names. Other commands report what is wrong with the file.
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

/** Offers the program's options after each command, and shows the summaries of commands. */
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

/** Returns what a function of the library prints. The library writes only by console.log. */
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
