// Runs a local site until Ctrl-C: prints events, and reloads the configuration when it changes.
import type { Part, Style } from "../printable.ts";
import { greeting } from "./greeting.ts";
import type { Project } from "./project.ts";
import { type RequestLine, shortStatus } from "./request-lines.ts";
import { type Site, type SiteSettings, startSite } from "../site.ts";
import type { StartOptions } from "../start-options.ts";
import { type ProjectWatch, watchProject } from "./watched-project.ts";

/** The output of a run. */
export interface RunTerminal {
  /** Prints a line to stdout for people. Each part passes `printable`. */
  print(...parts: readonly Part[]): void;
  /** Prints an object to stdout for programs. Either this or `print` does nothing. */
  json(event: object): void;
  /** Prints a line to stderr, like `print`. */
  note(...parts: readonly Part[]): void;
}

export interface RunSettings extends Pick<SiteSettings, "environment" | "startOrigin"> {
  readonly options: StartOptions;
  readonly terminal: RunTerminal;
  /** Called at the start and after each change. @throws OperatorError if the project has a fault */
  readonly readProject: () => Promise<Project>;
}

/**
 * Runs the site until a signal, and then stops everything. @throws OperatorError if the site does
 * not start
 */
export async function runSite(settings: RunSettings): Promise<void> {
  const { options, terminal } = settings;
  const startedAtMs = performance.now();
  const { promise: stopping, resolve } = Promise.withResolvers<void>();
  // Without the name of the signal, which would be the value of `stopping`.
  const stop = () => resolve();
  onSignals(stop);
  onEndOfShell(settings.environment, stop);
  const lines = new Lines(settings);
  const starting = startWatched(settings, lines);
  const started = await Promise.race([starting, stopping]);
  if (started === undefined) {
    // Ctrl-C also ends the programs that the start waits for, so the start may fail, or never end.
    void starting.then(
      (late) => late.stop(),
      () => undefined,
    );
    return;
  }
  try {
    // Replace Miniflare's handlers, which exit at once, because all parts must stop first.
    onSignals(stop);
    const tookSeconds = (performance.now() - startedAtMs) / 1_000;
    for (const line of await greeting(started.site, options, tookSeconds)) terminal.print(line);
    terminal.json(startedTold(started.site));
    await stopping;
  } finally {
    await started.stop();
  }
  lines.repeatWarnings();
  terminal.json({ event: "stopped" });
}

/** A running site, and the watch of its files. */
interface WatchedSite {
  readonly site: Site;
  readonly stop: () => Promise<void>;
}

async function startWatched(settings: RunSettings, lines: Lines): Promise<WatchedSite> {
  const { onLog, onRequest } = lines;
  const project = await settings.readProject();
  const { promise: begun, resolve: begin } = Promise.withResolvers<Site | undefined>();
  const watch = await watchSite(settings, project, { begun, lines });
  try {
    const site = await startSite(project, { ...settings, onLog, onRequest });
    begin(site);
    const stop = async () => {
      await watch.stop();
      await site.stop();
    };
    return { site, stop };
  } catch (cause) {
    begin(undefined);
    await watch.stop();
    throw cause;
  }
}

function onSignals(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
}

/** npm passes a signal only to its shell, which ends, and leaves this process to process 1. */
function onEndOfShell(environment: RunSettings["environment"], stop: () => void): void {
  if (environment["npm_lifecycle_event"] === undefined) return;
  const shell = process.ppid;
  const watching = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watching);
    stop();
  }, 500);
  watching.unref();
}

function startedTold({ colos, originUrl, secrets, rest }: Site): object {
  const shown = Object.entries(secrets).filter(([, { from }]) => from === "generated");
  return {
    event: "started",
    colos: colos.map(({ name, url }) => ({ name, url })),
    origin: originUrl,
    sharedTier: rest?.url,
    madeUp: Object.fromEntries(shown.map(([name, { value }]) => [name, value])),
  };
}

/** Replaces the running Worker after each change. If that fails, the old Worker continues. */
async function watchSite(
  { readProject, terminal }: RunSettings,
  first: Project,
  { begun, lines }: { begun: Promise<Site | undefined>; lines: Lines },
): Promise<ProjectWatch> {
  let watch: ProjectWatch | undefined;
  let watched = first;
  const follow = async (project: Project) => {
    if (project.main === watched.main && project.config === watched.config) return;
    const before = watch;
    watched = project;
    watch = await watchProject(project, changed);
    // Do not await the old watch, because it ends after the change that it reports.
    void before?.stop();
  };
  const reload = async () => {
    // A change during the start takes effect afterwards.
    const site = await begun;
    if (site === undefined) return;
    const startedAtMs = performance.now();
    try {
      const project = await readProject();
      // Watch before bundling, so that no later change is missed.
      await follow(project);
      lines.forgetWarnings();
      await site.replace(project);
      const tookMs = Math.round(performance.now() - startedAtMs);
      terminal.print({ style: "green", text: `Reloaded in ${tookMs} ms.` });
      terminal.json({ event: "reloaded", tookMs });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      terminal.note({
        style: "red",
        text: `Not reloaded, so the previous version continues. ${why}`,
      });
      terminal.json({ event: "not-reloaded", why });
    }
  };
  let reloading = Promise.resolve();
  const changed = () => {
    reloading = reloading.then(reload);
    return reloading;
  };
  watch = await watchProject(first, changed);
  const stop = async () => {
    await watch?.stop();
    await reloading;
  };
  return { stop };
}

/** The number of lines that fit on a screen. Earlier lines have scrolled out of sight. */
const screenLines = 20;
const warningsMax = 20;

/** Prints the log and the requests of a run. */
class Lines {
  readonly #settings: RunSettings;
  /** Distinct warnings, with the number of requests before them. */
  readonly #warnings = new Map<string, number>();
  #requests = 0;

  constructor(settings: RunSettings) {
    this.#settings = settings;
  }

  readonly onLog = (text: string, level: string | undefined): void => {
    const isWarning = level === "warn" || level === "error";
    if (isWarning) this.warn(text, level === "error" ? "red" : "yellow");
    else this.#note(text);
  };

  /**
   * Prints each warning at most once per screen, because isolates repeat warnings about the
   * configuration.
   */
  warn(text: string, style: Style = "yellow"): void {
    const before = this.#warnings.get(text);
    if (before !== undefined && this.#requests - before < screenLines) return;
    if (this.#warnings.size < warningsMax) this.#warnings.set(text, this.#requests);
    this.#note(`Warning: ${text}`, style);
  }

  /** Indents all lines but the first, so that a logged line break cannot fake a line. */
  #note(text: string, style?: Style): void {
    const { terminal } = this.#settings;
    for (const [at, line] of text.split("\n").entries()) {
      const shown = at === 0 ? line : `  ${line}`;
      terminal.note(style === undefined ? shown : { style, text: shown });
    }
  }

  readonly onRequest = (line: RequestLine): void => {
    const { terminal } = this.#settings;
    this.#requests += 1;
    const { colo, atMs, method, path, status, tookMs, cacheStatus } = line;
    const cache = shortStatus(line);
    const at = new Date(atMs).toISOString();
    terminal.json({ event: "request", at, colo, method, path, status, cache, cacheStatus, tookMs });
    const code = String(status);
    terminal.print(
      { style: "dim", text: at.slice(11, 23) },
      `  ${colo}  `,
      status >= 500 ? { style: "red", text: code } : code,
      `  ${cache.padEnd(18)}  ${`${tookMs} ms`.padStart(8)}  ${method} ${path}`,
    );
  };

  /** Forgets the warnings about a replaced Worker. */
  forgetWarnings(): void {
    this.#warnings.clear();
  }

  /** Repeats warnings that have scrolled out of sight. */
  repeatWarnings(): void {
    const { terminal } = this.#settings;
    const passed = [...this.#warnings].filter(([, at]) => this.#requests - at >= screenLines);
    if (passed.length === 0) return;
    terminal.note("Warnings during the run:");
    for (const [text] of passed) this.#note(`  ${text}`);
  }
}
