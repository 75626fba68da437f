// Selects the folder of the simulated Cache API's files: in memory, if this machine has a file
// system there. On a disk, every `put` delays later lookups until the disk has written it.
// Cloudflare's cache has no such delay.
import { statfsSync } from "node:fs";

const folder = "/dev/shm";
const freeBytesMin = 1_073_741_824;

/** Sets TMPDIR for every runtime that starts later. Returns a note about the folder. */
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
