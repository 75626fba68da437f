// A fake of the stream of reports and their totals in Redis, and of the scripts of
// src/parts/operate/reports/. test/parts/operate/reports/redis-report-stream.test.ts checks that the
// fake answers like real servers.

type Command = readonly (string | number)[];

const ofReports = /^[\w.-]+:metrics(?::\w+)?$/;

type ReportItem = readonly [id: string, fields: readonly string[]];

/** The stream, the totals and the last ID. A test assigns an earlier state, like a fail-over. */
export interface ReportState {
  readonly items: readonly ReportItem[];
  readonly totals: string | null;
  readonly last: readonly [ms: number, sequence: number];
}

/** The checks and the trim of the fold. A test may replace each with a fault. */
export interface FoldSteps {
  readonly checksVersion: boolean;
  readonly checksFirst: boolean;
  readonly checksLast: boolean;
  readonly checksN: boolean;
  /** Returns the ID of the first report to keep. The real script keeps reports from `asked` on. */
  readonly keptFrom: (asked: string, last: string) => string;
}

const allSteps: FoldSteps = {
  checksVersion: true,
  checksFirst: true,
  checksLast: true,
  checksN: true,
  keptFrom: (asked) => asked,
};

const idOf = ([ms, sequence]: readonly [number, number]) => `${ms}-${sequence}`;
const partsOf = (id: string) => id.split("-").map(Number) as [number, number];
const isBefore = (id: string, other: string): boolean => {
  const [[ms, sequence], [otherMs, otherSequence]] = [partsOf(id), partsOf(other)];
  return ms < otherMs || (ms === otherMs && sequence < otherSequence);
};

/** Returns the value of the first field with this name. */
const valueOf = (fields: readonly string[], name: string): string | undefined => {
  const at = fields.findIndex((text, index) => index % 2 === 0 && text === name);
  return at < 0 ? undefined : fields[at + 1];
};

export class ReportKeys {
  state: ReportState = { items: [], totals: null, last: [0, 0] };
  /** The commands about reports, with all arguments. */
  readonly commands: Command[] = [];
  /** Called between the two writes of a fold, which are atomic in Redis. */
  betweenWrites: (() => void) | undefined;
  readonly #nowAtMs: () => number;
  readonly #steps: FoldSteps;

  constructor(nowAtMs: () => number, steps: Partial<FoldSteps> = {}) {
    this.#nowAtMs = nowAtMs;
    this.#steps = { ...allSteps, ...steps };
  }

  add(fields: readonly string[]): string {
    const { items, last, totals } = this.state;
    const ms = Math.max(this.#nowAtMs(), last[0]);
    const next = [ms, ms === last[0] ? last[1] + 1 : 0] as const;
    this.state = { items: [...items, [idOf(next), fields]], totals, last: next };
    return idOf(next);
  }

  range(count = Infinity): ReportItem[] {
    return this.state.items.slice(0, Math.min(count, this.state.items.length));
  }

  isAbout(command: Command): boolean {
    const [, key, , evaluated] = command.map(String);
    return [key, evaluated].some((name) => ofReports.test(name ?? ""));
  }

  /** Answers one command of the REST interface. */
  answer(command: Command): unknown {
    this.commands.push(command);
    const [name = "", key = "", ...rest] = command.map(String);
    switch (name.toUpperCase()) {
      case "EVAL":
        return this.run(key, rest.slice(1 + Number(rest[0])));
      case "GET":
        return this.state.totals;
      case "XRANGE":
        return this.range(Number(rest.at(-1)));
      // The transaction that reads the state begins with SET, so that the primary answers.
      case "SET":
        return "OK";
      default:
        throw new Error(`The fake has no command ${name} for reports.`);
    }
  }

  /** @param given the script's ARGV */
  run(script: string, given: readonly string[]): number {
    if (script.includes("XADD")) {
      const [max, ...fields] = given;
      const { length } = this.state.items;
      if (length > Number(max)) return -1;
      this.add(fields);
      return length + 1;
    }
    if (script.includes("XTRIM")) return this.#fold(given);
    throw new Error("The fake does not know this script.");
  }

  #fold([version, firstId, lastId = "", n, text = "", keptFrom = ""]: readonly string[]): number {
    const { checksVersion, checksFirst, checksLast, checksN } = this.#steps;
    const held = /^(1\.[\w-]+) /.exec(this.state.totals ?? "")?.[1] ?? "";
    if (checksVersion && held !== version) return 0;
    if (checksFirst && this.state.items[0]?.[0] !== firstId) return 0;
    const last = this.state.items.find(([id]) => id === lastId);
    if (checksLast && last === undefined) return 0;
    const isAsked = checksN && last !== undefined && n !== "";
    if (isAsked && (valueOf(last[1], "n") ?? "") !== n) return 0;
    this.state = { ...this.state, totals: text };
    this.betweenWrites?.();
    const from = this.#steps.keptFrom(keptFrom, lastId);
    const items = this.state.items.filter(([id]) => !isBefore(id, from));
    this.state = { ...this.state, items };
    return 1;
  }
}
