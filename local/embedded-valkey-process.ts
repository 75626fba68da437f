// The child process of embedded-valkey.ts. Valkey runs in a separate thread, so that this thread notices the end of the
// parent even while a script runs forever.
import { extname } from "node:path";
import { Worker } from "node:worker_threads";

/** The single message of the child to its parent. */
export type ValkeyReport =
  | { kind: "ready"; port: number }
  | { kind: "failed"; code: string; message: string };

// Ctrl-C reaches the whole process group, but the parent decides when Valkey ends.
process.on("SIGINT", () => undefined);
// The channel closes however the parent ends, even by SIGKILL. So this process never outlives the
// parent, and never keeps the port.
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

function report(message: ValkeyReport): void {
  process.send?.(message, () => {
    if (message.kind === "failed") process.exit(1);
  });
}
