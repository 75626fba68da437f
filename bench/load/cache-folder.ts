// Where the simulated Cache API keeps its files: in memory, where this machine has a file system there.
// On a disk every `put` waits for it, and so do the look-ups behind it; of that Cloudflare's has nothing.
import { statfsSync } from "node:fs";

const folder = "/dev/shm";
const freeBytesMin = 1_073_741_824;

/**
 * For every runtime that is started from now on: it keeps its files where TMPDIR says.
 *
 * @returns what to tell of it
 */
export function keepCachesInMemory(): string {
  if (freeBytesOf(folder) < freeBytesMin) return "the simulated Cache API is on a disk";
  process.env["TMPDIR"] = folder;
  return "the simulated Cache API is in memory";
}

function freeBytesOf(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
