// Renders a page with the help of each command, from the command's own `--help`.
import { makeProgram } from "../../packages/cli/src/program.ts";

type Command = ReturnType<typeof makeProgram>;

/** Returns the Markdown of the page. */
export function commandHelp(): string {
  const program = makeProgram(() => async () => undefined);
  return `# Help of each command

Each command prints its section with \`--help\`. [The command](../command.md) explains the commands with examples.
${sectionsOf(program, program.name()).join("")}`;
}

function sectionsOf(command: Command, name: string): string[] {
  const visible = command.createHelp().visibleCommands(command);
  const inner = visible.filter((one) => one.name() !== "help");
  return [
    `\n## ${name}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`,
    ...inner.flatMap((one) => sectionsOf(one, `${name} ${one.name()}`)),
  ];
}

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}
