// `npm start`: runs a site behind Tidemark on this machine until Ctrl-C.
import { styleText } from "node:util";
import { startDemoOrigin } from "./demo-origin/demo-origin.ts";
import { lineOf, type Part, printable, printableJson } from "./printable.ts";
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
    readProject: async () => ownProject(config, options.stores),
  });
}

function terminalOf({ isJson }: { readonly isJson: boolean }): RunTerminal {
  const { stdout, stderr } = process;
  const written =
    (stream: NodeJS.WriteStream) =>
    (...parts: readonly Part[]) =>
      void stream.write(`${lineOf(parts, (style, text) => styleText(style, text, { stream }))}\n`);
  return {
    print: isJson ? () => undefined : written(stdout),
    json: isJson
      ? (event) => void stdout.write(`${printableJson(JSON.stringify(event))}\n`)
      : () => undefined,
    note: written(stderr),
  };
}

try {
  await main();
} catch (cause) {
  const isOperatorError = cause instanceof Error && cause.name === "OperatorError";
  process.stderr.write(
    `${isOperatorError ? printable(cause.message) : String((cause as Error).stack)}\n`,
  );
  process.exitCode = 1;
}
