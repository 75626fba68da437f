// The last release: its Worker, and the data that it wrote to Redis and the edge cache. `keep.ts`
// writes both, so that a run needs neither git history nor old packages.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Forms } from "./life.ts";

export interface Release {
  /** A version such as "0.1.0". */
  readonly version: string;
  /** The Worker from `openWorker`. */
  readonly worker: string;
  readonly forms: Forms;
}

const folder = fileURLToPath(new URL("kept/", import.meta.url));
const workerFile = "worker.js.gz";
const formsFile = "forms.json";

/** @throws Error unless exactly one release is kept */
export function lastRelease(): Release {
  const [version, ...others] = readdirSync(folder);
  if (version === undefined || others.length > 0)
    throw new Error(`${folder} must hold one release.`);
  const worker = gunzipSync(readFileSync(join(folder, version, workerFile))).toString();
  const forms = JSON.parse(readFileSync(join(folder, version, formsFile), "utf8")) as Forms;
  return { version, worker, forms };
}

/** Replaces the kept release. @returns the folder with the new one */
export function keepRelease({ version, worker, forms }: Release): string {
  rmSync(folder, { recursive: true, force: true });
  const kept = join(folder, version);
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, workerFile), gzipSync(worker, { level: 9 }));
  writeFileSync(join(kept, formsFile), `${JSON.stringify(forms, null, 1)}\n`);
  return kept;
}
