// The child process that holds Valkey, started by embedded-valkey.ts alone. Valkey runs in a thread
// of its own, so that this thread notices the end of the parent even while a script runs for ever.
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** What the child says, once, to the process that started it. */
export type ValkeyReport =
  | { kind: "ready"; port: number }
  | { kind: "failed"; code: string; message: string };

// Ctrl-C reaches the whole process group: the parent decides when Redis goes, not the terminal.
process.on("SIGINT", () => undefined);
// The channel closes however the parent ends, SIGKILL included, so no orphan keeps the port.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

const thread = new Worker(
  new URL(`embedded-valkey-thread${extname(import.meta.url)}`, import.meta.url),
  {
    workerData: Number(process.argv[2]),
  },
);
thread.on("message", report);
thread.on("error", (cause) => {
  report({ kind: "failed", code: "THREAD", message: cause.message });
});

function report(said: ValkeyReport): void {
  process.send?.(said, () => {
    if (said.kind === "failed") process.exit(1);
  });
}
