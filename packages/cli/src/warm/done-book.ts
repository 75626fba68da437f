// Records the finished pages of a run in a file, so that the next run can continue.
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { CommandError, failure, usageError } from "../command-error.ts";
import { LinkInTheWay, openBeneath, type Place, placeOf } from "../files/beneath.ts";
import type { World } from "../world.ts";

/** Characters of each digest. A file of a million pages has 17 MB. */
const digestCharacters = 16;
const fileBytesMax = 64 * 1_048_576;
/** Pages that were warmed longer ago may have expired. */
const ageMsMax = 24 * 60 * 60 * 1_000;
/**
 * A killed process loses the record of at most this many finished pages. The next run requests them
 * again.
 */
const unwrittenMax = 200;
const unwrittenMsMax = 1_000;
const firstWords = "tidemark warm 1";

/** Options that may change between an interrupted run and its continuation. */
const ofManner: ReadonlySet<string> = new Set([
  "rate",
  "concurrency",
  "state",
  "fresh",
  "limit",
  "json",
  "yes",
  "color",
]);

/** Returns a string that is equal for runs with the same addresses, sources and variants. */
export function identityOf(run: {
  readonly addresses: readonly string[];
  readonly words: readonly string[];
  readonly options: object;
}): string {
  const same = Object.entries(run.options).filter(([name]) => !ofManner.has(name));
  const inOrder = same.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [run.addresses, run.words, inOrder].map((one) => JSON.stringify(one)).join("\n");
}

export interface DoneSettings {
  /** The result of `identityOf`. */
  readonly identity: string;
  /** The value of `--state`. */
  readonly path?: string | undefined;
  /** The value of `--fresh`. */
  readonly isFresh: boolean;
}

/** Returns the location by the XDG Base Directory Specification. */
function statePlace({ identity, path }: DoneSettings, world: World): Place {
  if (path !== undefined) return placeOf(resolve(world.folder, path));
  const folder = world.env["XDG_STATE_HOME"] || join(world.home, ".local", "state");
  return { folder, path: `tidemark/warm/${digestOf(identity)}.done` };
}

interface BookContents {
  readonly done: Set<string>;
  readonly isRecent: boolean;
}

/**
 * The finished pages. The book records each page and not a count, because a source may change
 * between runs.
 */
export class DoneBook {
  readonly path: string;
  /** The number of pages that earlier runs finished. */
  readonly before: number;
  readonly #done: Set<string>;
  readonly #file: FileHandle;
  readonly #world: World;
  #unwritten: string[] = [];
  #writtenLastAtMs: number;
  #writing: Promise<void> = Promise.resolve();
  #fault: CommandError | undefined;

  private constructor(path: string, given: { done: Set<string>; file: FileHandle }, world: World) {
    this.path = path;
    this.#done = given.done;
    this.#file = given.file;
    this.before = given.done.size;
    this.#world = world;
    this.#writtenLastAtMs = world.nowAtMs();
  }

  /** @throws CommandError if the file is not a record, belongs to another run, or cannot be written */
  static async open(settings: DoneSettings, world: World): Promise<DoneBook> {
    const place = statePlace(settings, world);
    const path = join(place.folder, place.path);
    const { O_RDWR, O_APPEND, O_CREAT } = constants;
    const modes = { file: 0o600, folder: 0o700 };
    const file = await openBeneath(place, O_RDWR | O_APPEND | O_CREAT, modes).catch((cause) => {
      throw unwritable(path, cause);
    });
    try {
      const found = await foundIn(file, path, settings, world);
      const isRecent = found?.isRecent === true;
      if (found !== undefined && !isRecent) await file.truncate();
      // The last line may be incomplete, so begin a new one.
      await file.appendFile(isRecent ? "\n" : `${firstLineOf(settings)}\n`);
      return new DoneBook(path, { done: isRecent ? found.done : new Set(), file }, world);
    } catch (cause) {
      await file.close();
      throw cause instanceof CommandError ? cause : unwritable(path, cause);
    }
  }

  has(key: string): boolean {
    return this.#done.has(digestOf(key));
  }

  /** Records a page, and writes it soon. `settled` waits for all writes. */
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

  /**
   * Writes the rest, and closes the file. Returns an error if a write failed; the next run then
   * repeats some pages.
   */
  async settled(): Promise<CommandError | undefined> {
    this.#write();
    await this.#writing;
    await this.#file.close().catch(() => undefined);
    return this.#fault;
  }

  /**
   * Deletes the file. Returns an error if that failed, because the next run would continue from the
   * file.
   */
  async removed(): Promise<CommandError | undefined> {
    await this.settled();
    return rm(this.path, { force: true }).then(
      () => undefined,
      (cause) => unwritable(this.path, cause),
    );
  }

  /** Appends to the opened file, even if another run has deleted the file since. */
  #write(): void {
    const lines = this.#unwritten.splice(0).map((digest) => `${digest}\n`);
    this.#writtenLastAtMs = this.#world.nowAtMs();
    if (lines.length === 0) return;
    this.#writing = this.#writing
      .then(() => this.#file.appendFile(lines.join("")))
      .catch((cause) => {
        this.#fault ??= unwritable(this.path, cause);
      });
  }
}

async function foundIn(
  file: FileHandle,
  path: string,
  settings: DoneSettings,
  world: World,
): Promise<BookContents | undefined> {
  const found = await file.stat();
  if (found.size === 0) return undefined;
  const isReadable = found.isFile() && found.size <= fileBytesMax;
  const text = isReadable ? await file.readFile("utf8").catch(() => "") : "";
  const [first = "", ...lines] = text.split("\n");
  const refused = (why: string, hint: string) =>
    usageError({ what: `${path} cannot be used.`, why, hint });
  if (!first.startsWith(firstWords)) {
    throw refused(
      "It is not a state file of tidemark warm.",
      "Name another file with --state, or delete this one.",
    );
  }
  const isRecent = world.nowAtMs() - found.mtimeMs < ageMsMax;
  if (settings.isFresh || !isRecent) return { done: new Set(), isRecent: false };
  if (first !== firstLineOf(settings)) {
    throw refused(
      "It belongs to an interrupted run for another site, other sources or other variants.",
      "Name another file with --state, or start over with --fresh.",
    );
  }
  // Skips an incomplete line.
  const done = new Set(lines.filter((line) => line.length === digestCharacters));
  return { done, isRecent };
}

function firstLineOf({ identity }: DoneSettings): string {
  return `${firstWords} ${digestOf(identity)}`;
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, digestCharacters);
}

function unwritable(path: string, cause: unknown) {
  if (cause instanceof LinkInTheWay) {
    const hint = "Name another file with --state, or replace the link with a file or a folder.";
    return usageError({ what: `${path} was not written.`, why: cause.message, hint }, cause);
  }
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "an error";
  return failure(
    {
      what: `${path} was not written.`,
      why: `The system reported ${code}. Without this file, an interrupted run starts over.`,
      hint: "Name another file with --state.",
    },
    "failed",
    cause,
  );
}
