// Generates the files that init writes, and keeps those that already exist.
import { lstatSync } from "node:fs";
import { lstat, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { failure, usageError } from "../command-error.ts";
import { wranglerNames } from "../wrangler/wrangler-file.ts";
import { type Draft, type DraftRoute, inSlices, isBypass } from "./draft-routes.ts";
import { withRegion, textFor, type SiteStores } from "./site-choices.ts";
import { templateText } from "./site-template.ts";
import { printable } from "../../../../local/printable.ts";

export interface SiteFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Whether other users of the machine must not read it. */
  readonly isSecret?: boolean;
}

/** The files that init generates for each origin. `--force` replaces existing ones. */
const ownPaths = ["tidemark.config.ts", "wrangler.jsonc"] as const;

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
    { path: "worker-configuration.d.ts", text: templateText("worker-configuration.d.ts") },
    { path: "test/config.test.ts", text: templateText("test/config.test.ts") },
    { path: ".gitignore", text: templateText(".gitignore") },
    { path: ".dev.vars.example", text: textFor(choices.stores, ".dev.vars.example") },
  ];
}

/** Wrangler reads only one file, so an existing file of another format stays in effect. */
const otherWranglerPaths = wranglerNames.filter((name) => name !== "wrangler.jsonc");

/** Sorts the files into those to write and those to keep. Writes nothing. */
export function sorted(files: readonly SiteFile[], folder: string) {
  const has = (path: string) => isThere(folder, path);
  const otherWrangler = otherWranglerPaths.find(has);
  const keptFor = ({ path }: SiteFile) =>
    path === "wrangler.jsonc"
      ? otherWrangler
      : path !== "tidemark.config.ts" && has(path)
        ? path
        : undefined;
  const toWrite = files.filter((file) => keptFor(file) === undefined);
  return { toWrite, kept: files.flatMap((file) => keptFor(file) ?? []), otherWrangler };
}

/**
 * Writes the files. Replaces only those that init generates for each origin.
 *
 * @throws CommandError if a path contains a symbolic link, before anything is written; and for the first file
 *   that cannot be written
 */
export async function write(files: readonly SiteFile[], folder: string): Promise<void> {
  for (const { path } of files) {
    const link = await linkIn(folder, path);
    if (link === undefined) continue;
    throw usageError({
      what: `${join(folder, path)} was not written.`,
      why: `${link} is a symbolic link, and this command does not write through links.`,
      hint: "Replace it with a file or a folder, or name another folder.",
    });
  }
  for (const { path, text, isSecret = false } of files) {
    const isOwn = ownPaths.some((own) => own === path);
    const put = isOwn ? replaceFile : createFile;
    await put(join(folder, path), text, isSecret ? 0o600 : 0o666).catch((cause: unknown) => {
      const code =
        cause instanceof Error && "code" in cause ? String(cause.code) : "an unknown error";
      const what = `${join(folder, path)} was not written.`;
      const why = `The file system reported ${code}.`;
      throw failure({ what, why, hint: "Name another folder." }, "failed", cause);
    });
  }
}

/** Returns the first symbolic link in the path; `undefined` if there is none. */
async function linkIn(folder: string, path: string): Promise<string | undefined> {
  let at = folder;
  for (const name of path.split("/")) {
    at = join(at, name);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return undefined;
    if (found.isSymbolicLink()) return at;
  }
  return undefined;
}

async function createFile(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: "wx", mode });
}

/** Creates or replaces a file atomically. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${crypto.randomUUID()}`;
  try {
    await createFile(beside, text, mode);
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw cause;
  }
}

const columnsMax = 100;

/** @param atMs epoch milliseconds */
function configText({ sight, consent, routes }: Draft, atMs: number): string {
  const day = new Date(atMs).toISOString().slice(0, 10);
  const names = consent === "ignored" ? "consentCookies, defineConfig" : "defineConfig";
  return [
    ...comment(
      `Sets which pages of ${sight.origin} are cached, and for how long if the site sends no lifetime. The first matching route applies. ` +
        `tidemark init wrote it on ${day}, based on ${sight.pages.length} pages. Review it before you deploy it.`,
    ),
    `import { ${names} } from "tidemark";`,
    'import { operate } from "tidemark/operate";',
    ...(routes.some(({ fields }) => fields.includes(inSlices))
      ? ['import { slices } from "tidemark/slices";']
      : []),
    "",
    "export default defineConfig({",
    "  parts: [operate()],",
    ...consentLines[consent].map(indented),
    "  routes: [",
    ...routes.flatMap((route) => routeLines(route).map((line) => indented(indented(line)))),
    "  ],",
    "});",
    "",
  ].join("\n");
}

const consentLines: Readonly<Record<Draft["consent"], readonly string[]>> = {
  ignored: [
    "// Requests with unknown cookies may belong to a session. Consent cookies are listed as harmless,",
    "// because tidemark init sent two of them and no page changed.",
    "cookies: { harmless: consentCookies },",
  ],
  counts: [
    "// A page changed when tidemark init sent cookies. So no cookies are added to the harmless ones,",
    "// which by default are analytics cookies.",
  ],
  unseen: [
    "// tidemark init could not compare all pages, so it is unknown whether cookies change them. So no",
    "// cookies are added to the harmless ones, which by default are analytics cookies.",
  ],
};

function routeLines(route: DraftRoute): string[] {
  const { name, match, comments, fields } = route;
  const patterns = match.map((one) => JSON.stringify(one));
  const written = [`name: ${JSON.stringify(name)}`, `match: ${listOf(patterns)}`, ...fields];
  const inOne = `{ ${written.join(", ")} },`;
  const isShort = inOne.length <= columnsMax - 4 && (isBypass(route) || written.length < 4);
  const lines = isShort ? [inOne] : ["{", ...written.flatMap(fieldLines).map(indented), "},"];
  return [...comments.flatMap((text) => comment(text, columnsMax - 4)), ...lines];
}

function listOf(patterns: readonly string[]): string {
  return patterns.length === 1 ? (patterns[0] ?? "") : `[${patterns.join(", ")}]`;
}

/** Splits a long list into one line for each member. */
function fieldLines(field: string): string[] {
  const [, head, members] = /^(match: )\[(.*)\]$/.exec(field) ?? [];
  if (head === undefined || field.length < columnsMax - 8) return [`${field},`];
  const each = (members ?? "").split(/, (?=")/);
  return [`${head}[`, ...each.map((one) => `  ${one},`), "],"];
}

/** Wraps a comment. Makes text of the origin printable, so that it cannot end the line or control a terminal. */
function comment(text: string, columns = columnsMax): string[] {
  const lines: string[] = [];
  let line = "//";
  for (const word of text.split(/\s+/).map(printable)) {
    if (line.length + 1 + word.length > columns && line !== "//") {
      lines.push(line);
      line = "//";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

const indented = (line: string) => (line === "" ? line : `  ${line}`);

export interface WranglerChoices {
  readonly name: string;
  readonly origin: string;
  readonly stores: SiteStores;
  /** The place of Durable Objects; absent to leave it to the first request. */
  readonly region?: string | undefined;
}

/** Derives a valid Worker name from a host. */
export function workerNameOf(host: string): string {
  const name = `tidemark-${host}`.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.slice(0, 54).replace(/^-+|-+$/g, "");
}

export function wranglerFile({ name, origin, stores }: WranglerChoices): string {
  // Pass functions, because `replace` interprets `$` in replacement strings.
  return textFor(stores, "wrangler.jsonc")
    .replace('"tidemark-site"', () => JSON.stringify(name))
    .replace(/"ORIGIN_URL": ".*?"/, () => `"ORIGIN_URL": ${JSON.stringify(origin)}`);
}
