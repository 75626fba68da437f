// A site on this machine from its start until Ctrl-C: what it says, and its configuration loaded anew at each change.
import type { Part, Style } from "../printable.ts";
import { greeting } from "./greeting.ts";
import type { Project } from "./project.ts";
import { type RequestTold, shortStatus } from "./request-lines.ts";
import { type Site, type SiteSettings, startSite } from "../site.ts";
import type { StartOptions } from "../start-options.ts";
import { type ProjectWatch, watchProject } from "./watched-project.ts";

/** Where a run says what happens. */
export interface RunTerminal {
  /** A line on stdout for people; its parts are made `printable`. */
  print(...parts: readonly Part[]): void;
  /** An object on stdout for programs. Of this and `print`, one does nothing. */
  json(told: object): void;
  /** A line on stderr, as `print`. */
  note(...parts: readonly Part[]): void;
}

export interface RunSettings extends Pick<SiteSettings, "environment" | "startOrigin"> {
  readonly options: StartOptions;
  readonly terminal: RunTerminal;
  /** Read again at each change. @throws OperatorError for what cannot be started */
  readonly readProject: () => Promise<Project>;
}

/** Resolves once a signal has ended it, and nothing is left. @throws OperatorError where it does not start */
export async function runSite(settings: RunSettings): Promise<void> {
  const { options, terminal } = settings;
  const startedAtMs = performance.now();
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>();
  onSignals(stop);
  const lines = new Lines(settings);
  const { onLog, onRequest } = lines;
  const project = await settings.readProject();
  const { promise: begun, resolve: begin } = Promise.withResolvers<Site | undefined>();
  let site: Site | undefined;
  const watch = options.isWatching
    ? await watchSite(settings, project, { begun, lines })
    : { stop: async () => undefined };
  try {
    site = await startSite(project, { ...settings, onLog, onRequest });
    begin(site);
    // The runtime simulator has put in handlers that exit at once; every part is to stop first.
    onSignals(stop);
    const tookSeconds = (performance.now() - startedAtMs) / 1_000;
    for (const line of greeting(site, options, tookSeconds)) terminal.print(line);
    terminal.json(startedTold(site));
    await asked;
  } finally {
    begin(undefined);
    await watch.stop();
    await site?.stop();
  }
  lines.repeatWarnings();
  terminal.json({ event: "stopped" });
}

function onSignals(stop: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.removeAllListeners(signal);
    process.on(signal, stop);
  }
}

function startedTold({ colos, originUrl, secrets, rest }: Site): object {
  const shown = Object.entries(secrets).filter(([, { isMadeUp }]) => isMadeUp);
  return {
    event: "started",
    colos: colos.map(({ name, url }) => ({ name, url })),
    origin: originUrl,
    sharedTier: rest.url,
    madeUp: Object.fromEntries(shown.map(([name, { value }]) => [name, value])),
  };
}

/** Puts what is read anew in the place of what runs; where that fails, what runs goes on. */
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
    // Not awaited: it ends after the change that it tells of.
    void before?.stop();
  };
  const reload = async () => {
    // A change while all is started counts once that is done.
    const site = await begun;
    if (site === undefined) return;
    const startedAtMs = performance.now();
    try {
      const project = await readProject();
      // Before it is bundled, so that no later change is missed.
      await follow(project);
      lines.forgetWarnings();
      await site.replace(project);
      const tookMs = Math.round(performance.now() - startedAtMs);
      terminal.print({ style: "green", text: `Reloaded in ${tookMs} ms.` });
      terminal.json({ event: "reloaded", tookMs });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      terminal.note({ style: "red", text: `Not reloaded, the old one goes on. ${why}` });
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

/** So many lines are a screen: what stood before them has gone out of sight. */
const screenLines = 20;
const warningsMax = 20;

/** The lines while it runs. */
class Lines {
  readonly #settings: RunSettings;
  /** Distinct ones, with how many requests had been told before. */
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

  /** Isolates tell the same of their configuration, each for itself: it stands here once in a screen. */
  warn(text: string, style: Style = "yellow"): void {
    const before = this.#warnings.get(text);
    if (before !== undefined && this.#requests - before < screenLines) return;
    if (this.#warnings.size < warningsMax) this.#warnings.set(text, this.#requests);
    this.#note(`Warning: ${text}`, style);
  }

  /** A Worker may log what its clients send: a line break in it begins no line of ours. */
  #note(text: string, style?: Style): void {
    const { terminal } = this.#settings;
    for (const [at, line] of text.split("\n").entries()) {
      const shown = at === 0 ? line : `  ${line}`;
      terminal.note(style === undefined ? shown : { style, text: shown });
    }
  }

  readonly onRequest = (told: RequestTold): void => {
    const { terminal, options } = this.#settings;
    if (options.isQuiet) return;
    this.#requests += 1;
    const { colo, atMs, method, path, status, tookMs, cacheStatus } = told;
    const cache = shortStatus(told);
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

  /** They were of what has been replaced. */
  forgetWarnings(): void {
    this.#warnings.clear();
  }

  /** Those that requests have pushed out of sight. */
  repeatWarnings(): void {
    const { terminal } = this.#settings;
    const passed = [...this.#warnings].filter(([, at]) => this.#requests - at >= screenLines);
    if (passed.length === 0) return;
    terminal.note("While it ran, it warned:");
    for (const [text] of passed) this.#note(`  ${text}`);
  }
}
