// Shows the progress of warming on stderr: one updated line in a terminal; otherwise a line every
// 30 s.
import type { Terminal } from "../terminal/terminal.ts";
import type { World } from "../world.ts";
import type { OriginPace } from "./origin-pace.ts";
import type { Tally } from "./tally.ts";

const drawnEveryMs = 200;
const toldEveryMs = 30_000;
/** The time over which the rate is measured. */
const rateOverMs = 10_000;

export class Progress {
  readonly #terminal: Terminal;
  readonly #world: World;
  readonly #of: { readonly total: number; readonly tally: Tally; readonly pace?: OriginPace };
  readonly #marks: { readonly atMs: number; readonly made: number }[] = [];
  #done = 0;
  #notNeeded = 0;
  #shownAtMs: number;

  constructor(
    terminal: Terminal,
    world: World,
    of: { readonly total: number; readonly tally: Tally; readonly pace?: OriginPace },
  ) {
    this.#terminal = terminal;
    this.#world = world;
    this.#of = of;
    this.#shownAtMs = world.nowAtMs();
    this.#marks.push({ atMs: this.#shownAtMs, made: 0 });
  }

  /** Counts requests that an earlier run has made, so that they do not affect the rate. */
  readonly skip = (count: number): void => {
    this.#notNeeded += count;
    this.advance(count);
  };

  /** Counts requests that were made. */
  readonly advance = (count: number): void => {
    this.#done += count;
    const now = this.#world.nowAtMs();
    const { showsProgress } = this.#terminal;
    if (now - this.#shownAtMs < (showsProgress ? drawnEveryMs : toldEveryMs)) return;
    this.#shownAtMs = now;
    const line = this.#line(now);
    if (showsProgress) this.#terminal.overwrite(line);
    else this.#terminal.note(line);
  };

  /** Prints a permanent line above the updated one. */
  readonly note = (line: string): void => {
    this.clear();
    this.#terminal.note(line);
  };

  clear(): void {
    if (this.#terminal.showsProgress) this.#terminal.overwrite("");
  }

  get #made(): number {
    return this.#done - this.#notNeeded;
  }

  #line(now: number): string {
    const { total, tally, pace } = this.#of;
    const perSecond = this.#perSecond(now);
    const share = total === 0 ? 1 : this.#done / total;
    const parts = [
      `${counted(this.#done)}/${counted(total)} (${Math.floor(100 * share)} %)`,
      `${counted(perSecond)}/s`,
      ...(perSecond > 0 ? [`${duration((total - this.#done) / perSecond)} left`] : []),
      `${counted(tally.sum("already"))} already there`,
      `${counted(tally.sum("failed"))} failed`,
      ...(pace?.baseMs === undefined ? [] : [originSaid(pace, pace.baseMs)]),
    ];
    return parts.join(", ");
  }

  #perSecond(now: number): number {
    this.#marks.push({ atMs: now, made: this.#made });
    while (this.#marks.length > 2 && (this.#marks[0]?.atMs ?? now) < now - rateOverMs) {
      this.#marks.shift();
    }
    const [first] = this.#marks;
    const tookMs = first === undefined ? 0 : now - first.atMs;
    return tookMs === 0 ? 0 : (1_000 * (this.#made - (first?.made ?? 0))) / tookMs;
  }
}

function originSaid({ concurrency, recentMs, gapMs }: OriginPace, baseMs: number): string {
  const gap = gapMs > 0 ? ` every ${Math.round(gapMs)} ms` : "";
  return `origin ${Math.round(recentMs ?? baseMs)} ms of ${Math.round(baseMs)} ms, ${concurrency} at once${gap}`;
}

export const counted = (count: number): string => Math.round(count).toLocaleString("en");

/** Formats a duration, such as "2 min 5 s". */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
