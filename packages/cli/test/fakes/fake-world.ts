// A fake environment for the command: a terminal that records its output, a temporary folder and a
// fake network.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { onTestFinished } from "vitest";
import type { Answer } from "../../src/asking/fetch-page.ts";
import { main } from "../../src/main.ts";
import type { Output, World } from "../../src/world.ts";
import { proving } from "./proving.ts";
import { adminToken, realSites } from "./site-as-fetch.ts";

export interface FakeWorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  readonly isTty?: boolean;
  /** The text that the user types. An array has a text for each question. */
  readonly input?: string | readonly string[];
  readonly columns?: number;
  /** Called at each pause. The pause ends when the returned promise, if any, resolves. */
  readonly onSleep?: (ms: number) => unknown;
}

/** The exit code of a run, its stdout (`out`) and its stderr (`notes`). */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
}

class Kept implements Output {
  text = "";
  readonly isTty: boolean;
  readonly columns: number;

  constructor(isTty: boolean, columns: number) {
    this.isTty = isTty;
    this.columns = columns;
  }

  write(text: string): void {
    this.text += text;
  }
}

/** A user of the command. All runs share one folder. */
export class FakeUser {
  readonly folder: string;
  readonly #options: FakeWorldOptions;

  private constructor(folder: string, options: FakeWorldOptions) {
    this.folder = folder;
    this.#options = options;
  }

  static async at(options: FakeWorldOptions = {}): Promise<FakeUser> {
    const folder = await mkdtemp(join(tmpdir(), "tidemark-user-"));
    // A hook of this module would run in the first file alone: files of a worker share modules.
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return new FakeUser(folder, options);
  }

  /** Runs `tidemark` with these arguments. */
  async runs(args: readonly string[], changed: FakeWorldOptions = {}): Promise<Ran> {
    const { world, output, notes } = this.world(args, changed);
    const code = await main(world);
    return { code, out: output.text, notes: notes.text };
  }

  world(args: readonly string[], changed: FakeWorldOptions = {}) {
    const options = { ...this.#options, ...changed };
    const { isTty = false, columns = 80 } = options;
    const output = new Kept(isTty, columns);
    const notes = new Kept(isTty, columns);
    const interruption = new AbortController();
    const world: World = {
      args,
      env: options.env ?? {},
      folder: this.folder,
      input: Object.assign(Readable.from([options.input ?? ""].flat()), {
        isTTY: isTty,
        // Prompts call `setRawMode` on a terminal.
        setRawMode: () => undefined,
      }),
      output,
      notes,
      fetch: provingUnlessReal(options),
      nowAtMs: () => Date.UTC(2026, 10, 1),
      sleep: async (ms) => void (await options.onSleep?.(ms)),
      interrupted: interruption.signal,
    };
    return { world, output, notes, interrupt: () => interruption.abort() };
  }
}

/** Adds proofs to a scripted network. The real application proves itself. */
function provingUnlessReal({ fetch: reach = unreachable, env = {} }: FakeWorldOptions) {
  const { TIDEMARK_TOKEN: token = adminToken } = env;
  return realSites.has(reach) ? reach : proving(reach, token);
}

/** A world without input, output and network, for functions that need a part of it. */
export const bareWorld: World = {
  args: [],
  env: {},
  folder: "/",
  input: Readable.from([]),
  output: new Kept(false, 80),
  notes: new Kept(false, 80),
  fetch: (input) => unreachable(input),
  nowAtMs: Date.now,
  sleep: () => Promise.resolve(),
  interrupted: new AbortController().signal,
};

/** An answer with these members. The others are those of an empty response. */
export const answerWith = (told: Partial<Answer>): Answer => ({
  kind: "answered",
  url: "https://www.site.test/",
  askedAtMs: 0,
  status: 200,
  headers: new Headers(),
  text: "",
  digest: "",
  isCut: false,
  isBadlyEncoded: false,
  ...told,
});

const unreachable: typeof fetch = async (input) => {
  throw new Error(`A test asked for ${input instanceof Request ? input.url : String(input)}.`);
};
