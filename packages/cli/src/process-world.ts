// The `World` of a real process.
import { homedir } from "node:os";
import type { WriteStream } from "node:tty";
import { exitCode } from "./exit-code.ts";
import { type Output, OutputClosed, type World } from "./world.ts";

export function worldOf(process: NodeJS.Process): World {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => interruption.abort());
  }
  // An error of stderr cannot be reported anywhere.
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE") return interruption.abort(new OutputClosed());
    process.exitCode = exitCode.failed;
    process.stderr.write(
      `stdout could not be written: ${cause.code}. Check where it is redirected to.\n`,
    );
  });
  return {
    args: process.argv.slice(2),
    env: process.env,
    folder: process.cwd(),
    home: homedir(),
    input: process.stdin,
    output: outputOf(process.stdout),
    notes: outputOf(process.stderr),
    fetch: globalThis.fetch,
    nowAtMs: Date.now,
    sleep: (ms) => asleep(ms, interruption.signal),
    random: Math.random,
    interrupted: interruption.signal,
  };
}

function outputOf(stream: WriteStream): Output {
  return {
    write: (text) => void stream.write(text),
    isTty: stream.isTTY,
    get columns() {
      // Some terminals, as in containers, report 0.
      return stream.columns || 80;
    },
  };
}

function asleep(ms: number, interrupted: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (interrupted.aborted) return Promise.resolve();
  const end = () => {
    clearTimeout(timer);
    interrupted.removeEventListener("abort", end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  interrupted.addEventListener("abort", end);
  return promise;
}
