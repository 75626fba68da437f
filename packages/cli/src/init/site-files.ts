// Generates the files that init writes, and keeps those that already exist.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { failure, usageError } from "../command-error.ts";
import { createBeneath, LinkInTheWay, linkIn, replaceBeneath } from "../files/beneath.ts";
import { wranglerNames } from "../wrangler/wrangler-file.ts";
import { configTestText } from "./config-test-text.ts";
import { configText } from "./config-text.ts";
import type { Draft } from "./draft.ts";
import { withRegion } from "./site-region.ts";
import { textFor } from "./site-stores.ts";
import { templateText } from "./site-template.ts";
import { type WranglerChoices, wranglerFile } from "./wrangler-file.ts";

export interface SiteFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Whether other users of the machine must not read it. */
  readonly isSecret?: boolean;
}

/** The files that init generates for each origin. `--force` replaces existing ones. */
export const ownPaths = ["tidemark.config.ts", "wrangler.jsonc"] as const;

export interface WrittenFiles {
  readonly written: readonly string[];
  /** Existing files that were not changed. */
  readonly kept: readonly string[];
}

/** Returns the existing files that init would replace. */
export function inTheWay(folder: string): string[] {
  return ownPaths.filter((path) => isThere(folder, path));
}

/** Returns whether a file or a symbolic link exists. The link's target may be absent. */
function isThere(folder: string, path: string): boolean {
  return lstatSync(join(folder, path), { throwIfNoEntry: false }) !== undefined;
}

export function siteFiles(draft: Draft, choices: WranglerChoices, atMs: number): SiteFile[] {
  const manifest = templateText("package.json").replace("tidemark-site", choices.name);
  return [
    { path: "tidemark.config.ts", text: configText(draft, atMs) },
    { path: "wrangler.jsonc", text: wranglerFile(choices) },
    {
      path: "src/worker.ts",
      text: withRegion(textFor(choices.stores, "src/worker.ts"), choices.region),
    },
    { path: "package.json", text: manifest },
    { path: "tsconfig.json", text: templateText("tsconfig.json") },
    { path: "test/config.test.ts", text: configTestText(draft.routes) },
    { path: ".gitignore", text: templateText(".gitignore") },
    { path: ".dev.vars.example", text: textFor(choices.stores, ".dev.vars.example") },
  ];
}

/** Wrangler reads only one file, so an existing file of another format stays in effect. */
const otherWranglerPaths = wranglerNames.filter((name) => name !== "wrangler.jsonc");

/** Sorts the files into those to write and those to keep. Writes nothing. */
export function sorted(files: readonly SiteFile[], folder: string) {
  const has = (path: string) => isThere(folder, path);
  const hasOtherWrangler = otherWranglerPaths.some(has);
  const isKept = ({ path }: SiteFile) =>
    path === "wrangler.jsonc" ? hasOtherWrangler : path !== "tidemark.config.ts" && has(path);
  const kept = files.filter(isKept);
  return { toWrite: files.filter((file) => !isKept(file)), kept: kept.map(({ path }) => path) };
}

const modes = { file: 0o666, folder: 0o777 };
const secretModes = { ...modes, file: 0o600 };

/**
 * Writes the files. Replaces only those that init generates for each origin.
 *
 * @throws CommandError if a path contains a symbolic link, before anything is written; and for the first file
 *   that cannot be written
 */
export async function write(files: readonly SiteFile[], folder: string): Promise<void> {
  for (const { path } of files) {
    const link = await linkIn({ folder, path });
    if (link !== undefined) throw throughLink(join(folder, path), link);
  }
  for (const { path, text, isSecret = false } of files) {
    const isOwn = ownPaths.some((own) => own === path);
    const put = isOwn ? replaceBeneath : createBeneath;
    await put({ folder, path }, text, isSecret ? secretModes : modes).catch((cause: unknown) => {
      const full = join(folder, path);
      if (cause instanceof LinkInTheWay) throw throughLink(full, cause.link);
      const code =
        cause instanceof Error && "code" in cause ? String(cause.code) : "an unknown error";
      const what = `${full} was not written.`;
      const why = `The file system reported ${code}.`;
      throw failure({ what, why, hint: "Name another folder." }, "failed", cause);
    });
  }
}

function throughLink(path: string, link: string) {
  return usageError({
    what: `${path} was not written.`,
    why: `${link} is a symbolic link, and this command does not write through links.`,
    hint: "Replace it with a file or a folder, or name another folder.",
  });
}
