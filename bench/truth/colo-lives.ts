// One colo of the truth bench. The bench may kill and restart its Worker. Between the Worker and
// the common Redis, the colo has its own REST server, which records commands and reports.
import type { Colo } from "../../local/colo.ts";
import { startColo } from "../../local/colo.ts";
import type { Running } from "../../local/running.ts";
import { type CallAnswer, startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { Ledger } from "../cost/ledger.ts";
import { type Use, uses } from "../cost/command-use.ts";
import { nowAtMs } from "../load/ask.ts";
import { runtimePids } from "../load/process-cpu.ts";
import type { RuntimeLog } from "../load/runtime-log.ts";
import { restRttMs, siteHost } from "./site-plan.ts";

/**
 * The life of one workerd process, from its start to its end. `untilMs` is infinite while the
 * process runs.
 */
export interface Life {
  readonly colo: number;
  readonly fromMs: number;
  untilMs: number;
  /** The reports that Redis has accepted. */
  readonly tellings: Telling[];
}

/**
 * Consecutive reports that an isolate sends at one time, because its counts need more than one. All
 * except the last are full.
 */
export interface Telling {
  /** The time at which the first of these reports reached Redis. */
  readonly atMs: number;
  reports: number;
  /** Whether the last report has arrived. */
  isWhole: boolean;
  /** The isolate's gauges, which are equal in these reports. */
  readonly gauges: string;
}

/**
 * When to kill a colo: now, or at its next report, before Redis receives the report or before the
 * colo receives the response.
 */
export type Moment = "now" | "report not taken" | "report not answered";

export type Commands = Readonly<Record<Use, number>>;

export interface ColoSettings {
  readonly at: number;
  readonly worker: string;
  readonly originUrl: string;
  readonly redisUrl: string;
  readonly log: RuntimeLog;
}

export class ColoLives {
  readonly lives: Life[] = [];
  /** The sums in each report that Redis has accepted, as JSON. */
  readonly reports: string[] = [];
  readonly #settings: ColoSettings;
  readonly #ledger = new Ledger();
  #restUrl = "";
  /**
   * The number of commands before the last complete telling (`#told`), before a telling in progress
   * (`#telling`), and since then (`#untold`).
   */
  #told = noCommands();
  #telling = noCommands();
  #untold = noCommands();
  /** The number of unreported commands of killed isolates. */
  #lost = noCommands();
  #colo: Colo | undefined;
  #pid = 0;
  #doomed: { readonly moment: Moment; readonly over: () => void } | undefined;

  private constructor(settings: ColoSettings) {
    this.#settings = settings;
  }

  static async start(running: Running, settings: ColoSettings): Promise<ColoLives> {
    const lives = new ColoLives(settings);
    const rest = await running.add(
      startUpstashRestServer({
        redisUrl: settings.redisUrl,
        token: "token",
        rttMs: restRttMs,
        isTaken: lives.#isTaken,
        onAnswered: lives.#answered,
      }),
    );
    lives.#restUrl = rest.url;
    await lives.#begin(0);
    await running.add(Promise.resolve({ stop: () => lives.#stop() }));
    return lives;
  }

  get url(): string {
    return this.#colo?.url ?? "";
  }

  get running(): Colo {
    if (this.#colo === undefined) throw new Error("The colo is not running.");
    return this.#colo;
  }

  /**
   * The number of commands before the isolates' last reports, and of all commands, for all lives.
   */
  get commands(): { readonly told: Commands; readonly sent: Commands } {
    this.#gather();
    return {
      told: this.#told,
      sent: [this.#told, this.#telling, this.#untold, this.#lost].reduce(summed),
    };
  }

  /** The time since the last request to Redis. */
  get quietMs(): number {
    return this.#ledger.quietMs;
  }

  get life(): Life {
    const life = this.lives.at(-1);
    if (life === undefined) throw new Error("The colo has not been started.");
    return life;
  }

  /**
   * Kills the colo at the given moment, and restarts it on the same port.
   *
   * @param ended cancels the kill if the moment has not come
   * @returns whether the colo was killed
   */
  async killed(moment: Moment, ended: AbortSignal): Promise<boolean> {
    const port = Number(new URL(this.url).port);
    if (moment === "now") this.#kill();
    else {
      await new Promise<void>((over) => {
        this.#doomed = { moment, over };
        ended.addEventListener("abort", () => over());
      });
      this.#doomed = undefined;
    }
    if (this.life.untilMs === Infinity) return false;
    await this.#stop();
    this.#gather();
    this.#lost = [this.#lost, this.#telling, this.#untold].reduce(summed);
    this.#telling = noCommands();
    this.#untold = noCommands();
    await this.#begin(port);
    return true;
  }

  async #begin(port: number): Promise<void> {
    const { at, worker, originUrl, log } = this.#settings;
    const before = new Set(runtimePids());
    const env = {
      ORIGIN_URL: originUrl,
      UPSTASH_REDIS_REST_URL: this.#restUrl,
      UPSTASH_REDIS_REST_TOKEN: "token",
      ADMIN_TOKEN: adminToken,
      SITE_HOST: siteHost,
    };
    this.lives.push({ colo: at, fromMs: nowAtMs(), untilMs: Infinity, tellings: [] });
    const name = `colo-${at + 1}`;
    this.#colo = await startColo({ name, worker, port, env, onLog: log.note });
    this.#pid = runtimePids().find((pid) => !before.has(pid)) ?? 0;
    if (this.#pid === 0) throw new Error("The colo's process was not found.");
  }

  #kill(): void {
    process.kill(this.#pid, "SIGKILL");
    this.life.untilMs = nowAtMs();
    this.#doomed?.over();
    this.#doomed = undefined;
  }

  async #stop(): Promise<void> {
    await this.#colo?.stop();
  }

  readonly #isTaken = (commands: CallAnswer["commands"]): boolean => {
    if (!commands.some(isReport)) return true;
    if (this.#doomed?.moment === "report not taken") {
      this.#kill();
      return false;
    }
    this.#reported(commands.find(isReport) ?? []);
    return true;
  };

  readonly #answered = (call: CallAnswer): void => {
    this.#ledger.note(call);
    if (this.#doomed?.moment === "report not answered" && call.commands.some(isReport))
      this.#kill();
  };

  #reported(report: readonly unknown[]): void {
    const { sums, gauges } = contentOf(report);
    this.reports.push(sums);
    const { tellings } = this.life;
    const last = tellings.at(-1);
    const isGoingOn = last !== undefined && !last.isWhole && last.gauges === gauges;
    const telling = isGoingOn ? last : { atMs: nowAtMs(), reports: 0, isWhole: false, gauges };
    if (!isGoingOn) {
      tellings.push(telling);
      this.#gather();
      // If a gauge changes between two reports of a telling, the later report begins a new telling.
      this.#telling = summed(this.#telling, this.#untold);
      this.#untold = noCommands();
    }
    telling.reports += 1;
    telling.isWhole = sums.length < fullFromBytes;
    if (!telling.isWhole) return;
    this.#told = summed(this.#told, this.#telling);
    this.#telling = noCommands();
  }

  #gather(): void {
    const { entries } = this.#ledger.take();
    const counts = uses.map((use) => [use, entries[use].commands]);
    this.#untold = summed(this.#untold, Object.fromEntries(counts) as Commands);
  }
}

/**
 * The smallest size of a full report. A report has at most 8,192 bytes, and a series has fewer than
 * 256.
 */
const fullFromBytes = 8_192 - 256;

function contentOf(report: readonly unknown[]): { sums: string; gauges: string } {
  const texts = report.map(String);
  const valueOf = (name: string) => texts[texts.indexOf(name) + 1] ?? "";
  return { sums: valueOf("d"), gauges: valueOf("g") };
}

/** Returns whether a command is the script that appends a report to the stream. */
function isReport([name, script, , key]: CallAnswer["commands"][number]): boolean {
  return name === "EVAL" && String(key).endsWith(":metrics") && /"XADD"/.test(String(script));
}

const noCommands = (): Commands =>
  Object.fromEntries(uses.map((use) => [use, 0])) as Record<Use, number>;

function summed(one: Commands, other: Commands): Commands {
  const sums = uses.map((use) => [use, one[use] + other[use]]);
  return Object.fromEntries(sums) as Record<Use, number>;
}
