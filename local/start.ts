// `npm start`: a site behind Tidemark on this machine, until Ctrl-C.
import { styleText } from "node:util";
import { startDemoOrigin } from "./demo-origin/demo-origin.ts";
import { ownProject } from "./run/project.ts";
import { runSite, type RunTerminal } from "./run/run-site.ts";
import { readStartOptions, startHelp } from "./start-options.ts";

async function main(): Promise<void> {
  const read = readStartOptions(process.argv.slice(2));
  if (read === "help") {
    process.stdout.write(startHelp);
    return;
  }
  const { options, config } = read;
  await runSite({
    options,
    environment: process.env,
    terminal: terminalOf(options),
    startOrigin: startDemoOrigin,
    readProject: async () => ownProject(config),
  });
}

function terminalOf({ isJson }: { readonly isJson: boolean }): RunTerminal {
  const written = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`);
  const print = written(process.stdout);
  return {
    print: isJson ? () => undefined : print,
    json: isJson ? (told) => print(JSON.stringify(told)) : () => undefined,
    note: written(process.stderr),
    styled: (style, text) => styleText(style, text, { stream: process.stdout }),
    styledNote: (style, text) => styleText(style, text, { stream: process.stderr }),
  };
}

try {
  await main();
} catch (cause) {
  const said = cause instanceof Error && cause.name === "OperatorError";
  process.stderr.write(said ? `${cause.message}\n` : `${String((cause as Error).stack)}\n`);
  process.exitCode = 1;
}
