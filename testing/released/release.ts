// The last release, and what each release wrote to Durable Objects. `keep.ts` writes them, so that a
// run needs neither git history nor old packages.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Forms } from "./life.ts";
import type { ObjectForms } from "./object-places.ts";

interface Release {
  /** A version such as "0.1.0". */
  readonly version: string;
  /** The Worker from `openWorker`. */
  readonly worker: string;
  /** The data that it wrote to Redis and the edge cache. */
  readonly forms: Forms;
}

/** A release over Durable Objects. */
interface ObjectsRelease {
  readonly version: string;
  /** The Worker with the classes of its objects; kept of the last release alone. */
  readonly worker?: string | undefined;
  readonly forms: ObjectForms;
}

const folder = fileURLToPath(new URL("kept/", import.meta.url));
const [workerFile, formsFile] = ["worker.js.gz", "forms.json"];
const [objectsWorkerFile, objectFormsFile] = ["objects.js.gz", "objects.json"];

/** Returns the folders of all kept versions that have a file. */
const versionsWith = (file: string) =>
  readdirSync(folder).filter((version) => existsSync(join(folder, version, file)));
const unzipped = (path: string) => gunzipSync(readFileSync(path)).toString();
const parsed = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

/** @throws Error unless the Worker of exactly one release is kept */
export function lastRelease(): Release {
  const [version, ...others] = versionsWith(workerFile);
  if (version === undefined || others.length > 0)
    throw new Error(`${folder} must hold the Worker of one release.`);
  const worker = unzipped(join(folder, version, workerFile));
  return { version, worker, forms: parsed(join(folder, version, formsFile)) as Forms };
}

/** Returns the releases that stored data in Durable Objects. */
export function objectsReleases(): readonly ObjectsRelease[] {
  return versionsWith(objectFormsFile).map((version) => {
    const path = join(folder, version, objectsWorkerFile);
    const worker = existsSync(path) ? unzipped(path) : undefined;
    const forms = parsed(join(folder, version, objectFormsFile)) as ObjectForms;
    return { version, worker, forms };
  });
}

/**
 * Replaces the kept release. Of earlier releases, only their objects' data stay.
 *
 * @returns the folder with the new one
 */
export function keepRelease({ version, worker, forms }: Release, objects: ObjectsRelease): string {
  for (const other of readdirSync(folder)) {
    const stays = existsSync(join(folder, other, objectFormsFile)) ? [objectFormsFile] : [];
    const files = readdirSync(join(folder, other)).filter((file) => !stays.includes(file));
    for (const file of files) rmSync(join(folder, other, file));
    if (stays.length === 0) rmSync(join(folder, other), { recursive: true });
  }
  const kept = join(folder, version);
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, workerFile), gzipSync(worker, { level: 9 }));
  writeFileSync(join(kept, formsFile), asLines(forms));
  writeFileSync(join(kept, objectsWorkerFile), gzipSync(objects.worker ?? "", { level: 9 }));
  writeFileSync(join(kept, objectFormsFile), asLines(objects.forms));
  return kept;
}

const asLines = (data: object) => `${JSON.stringify(data, null, 1)}\n`;
