// Which pages a run has done, in a file, so that the next one goes on where it stopped.
import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { failure, usageError } from "../command-error.ts";
import type { World } from "../world.ts";

/** Its digest, and a line end: a file of a million pages has 17 MB. */
const digestCharacters = 16;
const fileBytesMax = 64 * 1_048_576;
/** What was warmed longer ago than this may be gone again. */
const ageMsMax = 24 * 60 * 60 * 1_000;
/** So much is lost at the most if the process is killed; it is asked for twice then. */
const unwrittenMax = 200;
const unwrittenMsMax = 1_000;
const firstLine = "tidemark warm 1";

export interface DoneSettings {
  /** What makes two runs the same: the site, the sources, the variants, the addresses. */
  readonly identity: readonly string[];
  /** `--state` */
  readonly path?: string | undefined;
  /** `--fresh` */
  readonly isFresh: boolean;
}

/** As the XDG Base Directory Specification has it. */
export function statePath({ identity, path }: DoneSettings, world: World): string {
  if (path !== undefined) return resolve(world.folder, path);
  const state = world.env["XDG_STATE_HOME"] || join(world.home, ".local", "state");
  return join(state, "tidemark", "warm", `${digestOf(identity.join("\n"))}.done`);
}

/** It remembers pages and not how many: a source may change from run to run. */
export class DoneBook {
  readonly path: string;
  /** Of the runs before. */
  readonly before: number;
  /** When the run before wrote last; `undefined` where there was none. */
  readonly writtenAtMs: number | undefined;
  readonly #done: Set<string>;
  readonly #world: World;
  #unwritten: string[] = [];
  #writtenLastAtMs: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    path: string,
    found: { done: Set<string>; writtenAtMs: number | undefined },
    world: World,
  ) {
    this.path = path;
    this.#done = found.done;
    this.before = found.done.size;
    this.writtenAtMs = found.writtenAtMs;
    this.#world = world;
    this.#writtenLastAtMs = world.nowAtMs();
  }

  /** @throws CommandError for a file that is none of ours, or cannot be written */
  static async open(settings: DoneSettings, world: World): Promise<DoneBook> {
    const path = statePath(settings, world);
    const found = await foundIn(path, world);
    const isToContinue = found !== undefined && !settings.isFresh && found.isRecent;
    if (isToContinue) return new DoneBook(path, found, world);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause) => {
      throw unwritable(path, cause);
    });
    await writeFile(path, `${firstLine}\n`, { mode: 0o600 }).catch((cause) => {
      throw unwritable(path, cause);
    });
    return new DoneBook(path, { done: new Set(), writtenAtMs: undefined }, world);
  }

  has(key: string): boolean {
    return this.#done.has(digestOf(key));
  }

  /** Written soon; `settled` waits for it. */
  note(key: string): void {
    const digest = digestOf(key);
    if (this.#done.has(digest)) return;
    this.#done.add(digest);
    this.#unwritten.push(digest);
    const now = this.#world.nowAtMs();
    const isDue =
      this.#unwritten.length >= unwrittenMax || now - this.#writtenLastAtMs > unwrittenMsMax;
    if (isDue) this.#write();
  }

  /** @throws CommandError where it could not be written */
  async settled(): Promise<void> {
    this.#write();
    await this.#writing;
  }

  async remove(): Promise<void> {
    await this.settled();
    await rm(this.path, { force: true });
  }

  #write(): void {
    const lines = this.#unwritten.splice(0).map((digest) => `${digest}\n`);
    this.#writtenLastAtMs = this.#world.nowAtMs();
    if (lines.length === 0) return;
    this.#writing = this.#writing.then(() =>
      appendFile(this.path, lines.join("")).catch((cause) => {
        throw unwritable(this.path, cause);
      }),
    );
    // It is told by `settled`.
    this.#writing.catch(() => undefined);
  }
}

async function foundIn(path: string, world: World) {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.size === 0) return undefined;
  const text = found.size > fileBytesMax ? "" : await readFile(path, "utf8");
  const [first, ...lines] = text.split("\n");
  if (first !== firstLine) {
    throw usageError({
      what: `${path} cannot be used.`,
      why: "It is no file in which a warming remembers what is done.",
      mend: "Name another with --state, or delete it.",
    });
  }
  // A last line that was cut off is no digest.
  const done = new Set(lines.filter((line) => line.length === digestCharacters));
  const writtenAtMs = found.mtimeMs;
  return { done, writtenAtMs, isRecent: world.nowAtMs() - writtenAtMs < ageMsMax };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, digestCharacters);
}

function unwritable(path: string, cause: unknown) {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
  return failure(
    {
      what: `${path} was not written.`,
      why: `The system says ${code}. Without it, a warming that is interrupted begins anew.`,
      mend: "Name another file with --state.",
    },
    "failed",
    cause,
  );
}
