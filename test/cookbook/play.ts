// Opens the sites of a recipe, and plays the steps of its row: requests, commands, and time.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "jsonc-parser";
import { main } from "../../packages/cli/src/main.ts";
import { FakeUser } from "../../packages/cli/test/fakes/fake-world.ts";
import { adminToken, operatorEnv, reaching } from "../../packages/cli/test/fakes/site-as-fetch.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { OriginInProcess, page } from "../../testing/fakes/origin-in-process.ts";
import { type AskInit, host, read, Site, type SiteOptions } from "../../testing/site/harness.ts";
import { moduleName, type Recipe } from "./recipes.ts";

/** Values of `sees`, before the body. */
export const stored = "fwd=uri-miss; stored";
export const hit = "hit; detail=memory";
export const bypassed = "fwd=bypass; detail=route";
export const purged = "fwd=stale; stored; detail=purged";

/** The exports of a recipe's modules. */
type Exports = Readonly<Record<string, unknown>>;

/** @param nth 1 for the first request */
export type Origin = (request: Request, nth: number, kitchen: Kitchen) => Response;

export interface Row {
  readonly recipe: string;
  /** The configuration of a site whose recipe has none. */
  readonly config?: WrittenConfig;
  /** Default: a page with the path and the number. */
  readonly origin?: Origin;
  readonly steps: readonly Step[];
}

export type Step =
  | (AskInit & {
      /** A path, or a URL with another host. */
      readonly path: string;
      /** The client's country in `request.cf`. */
      readonly country?: string;
      /** The colo of the Worker that answers, if not the first. */
      readonly at?: string;
      /** `Cache-Status` without its constant and variable parts, and the body. */
      readonly sees: string;
      /** Some fields of the answer. */
      readonly answers?: Readonly<Record<string, string>>;
    })
  /** Runs the nth command of the recipe, or another command line. */
  | { readonly runs: number | string; readonly prints: RegExp }
  | { readonly passSeconds: number };

interface WranglerFile {
  readonly vars?: Readonly<Record<string, string>>;
}

/** Returns a script below `.js`, and a page elsewhere. */
function fileOrPage(path: string, nth: number): Response {
  const response = page(`${path} ${nth}`);
  if (path.endsWith(".js")) response.headers.set("content-type", "text/javascript");
  return response;
}

/** The sites of one recipe, which share a clock, a database and an origin. */
export class Kitchen {
  readonly clock = new FakeClock();
  readonly exports: Exports;
  readonly #database = new FakeUpstash(this.clock);
  readonly #origin: OriginInProcess;
  readonly #recipe: Recipe;
  readonly #config: ConfigInput;
  readonly #wrangler: WranglerFile;
  readonly #sites = new Map<string, Site>();

  private constructor(recipe: Recipe, row: Row, exports: Exports, config: ConfigInput) {
    const { origin = (request, nth) => fileOrPage(pathOf(request), nth) } = row;
    this.#origin = new OriginInProcess((request, nth) => origin(request, nth, this));
    this.#recipe = recipe;
    this.exports = exports;
    this.#config = config;
    this.#wrangler = Object.assign({}, ...recipe.wrangler.map(membersOf)) as WranglerFile;
  }

  static async open(recipe: Recipe, row: Row, folder: string): Promise<Kitchen> {
    const from = (name: string) =>
      import(pathToFileURL(join(folder, name)).href) as Promise<Exports>;
    const modules = await Promise.all(recipe.modules.map((_, nth) => from(moduleName(nth))));
    const exports: Exports = Object.assign({}, ...modules);
    const config =
      row.config ?? exports["default"] ?? (await from("tidemark.config.ts"))["default"];
    return new Kitchen(recipe, row, exports, config as ConfigInput);
  }

  /** Plays a step. @returns the outcome in the form of the step */
  async play(step: Step): Promise<Step> {
    if ("passSeconds" in step) {
      this.clock.advance(step.passSeconds);
      return step;
    }
    if ("runs" in step) return { ...step, prints: await this.#run(step) };
    const { path, at, country, sees: _, answers = {}, ...init } = step;
    const request = new Request(new URL(path, `https://${host}`), init);
    if (country !== undefined) Object.defineProperty(request, "cf", { value: { country } });
    const seen = await this.#ask(request, at);
    const shown = Object.keys(answers).map((name) => [name, seen.fields.get(name)]);
    return {
      ...step,
      sees: `${shortened(seen.cacheStatus) || seen.status} | ${seen.text}`,
      ...(step.answers && { answers: Object.fromEntries(shown) as Record<string, string> }),
    };
  }

  async #ask(request: Request, at?: string) {
    const site = this.site(at);
    const seen = await read(await site.handle(request));
    await site.settle();
    return seen;
  }

  /** @returns the expression of the step if the command printed matching text */
  async #run({ runs, prints }: Extract<Step, { readonly runs: unknown }>): Promise<RegExp> {
    const line = typeof runs === "string" ? runs : (this.#recipe.commands[runs] ?? "");
    const [program, ...words] = [...line.matchAll(/"([^"]*)"|\S+/g)].map(
      ([word, quoted]) => quoted ?? word,
    );
    if (program !== "tidemark") throw new Error(`No test can run "${line}".`);
    const user = await FakeUser.at({
      fetch: reaching(this.site()).fetch,
      env: operatorEnv,
      onSleep: (ms) => this.clock.advance(ms / 1_000),
    });
    const { world, output, notes } = user.world(words);
    const code = await main({ ...world, nowAtMs: this.clock.nowAtMs });
    await this.site().settle();
    if (code === 0 && prints.test(output.text)) return prints;
    throw new Error(`${line}\nended with ${code}, and printed:\n${output.text}${notes.text}`);
  }

  site(name = "first"): Site {
    const site = this.#sites.get(name) ?? this.#open(name);
    this.#sites.set(name, site);
    return site;
  }

  #open(name: string): Site {
    const options: SiteOptions = {
      config: this.#config,
      env: {
        ADMIN_TOKEN: adminToken,
        COLO: name,
        ...this.#database.env,
        ...this.#wrangler.vars,
      },
      clock: this.clock,
    };
    return new Site(options, this.#origin);
  }
}

export const pathOf = ({ url }: Request): string => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};

const membersOf = (text: string): object =>
  parse(`{${text}}`, [], { allowTrailingComma: true }) as object;

const shortened = (cacheStatus: string) =>
  cacheStatus.replace("tidemark; ", "").replace(/; (?:fwd-status=200|ttl=-?\d+)/g, "");
