// The two keys of reports inside the process, and what the scripts of src/reports/ do to them. The suite
// over real servers holds both to the same answers.
import { addScript, foldScript } from "../../src/reports/report-stream.ts";

type Command = readonly (string | number)[];

const ofReports = /^[\w.-]+:metrics(?::\w+)?$/;

export type ReportItem = readonly [id: string, fields: readonly string[]];

/** All that a fail-over may bring back: one moment of both keys. */
export interface ReportState {
  readonly items: readonly ReportItem[];
  readonly totals: string | null;
  readonly last: readonly [ms: number, sequence: number];
}

/** Steps of the fold that may be left out on purpose, to see that a suite finds it. */
export interface FoldSteps {
  readonly checksVersion: boolean;
  readonly checksFirst: boolean;
  readonly checksLast: boolean;
  readonly checksN: boolean;
  /** The first ID that is kept, in the place of the one that is asked for. */
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

/** Of the first field of that name. */
const valueOf = (fields: readonly string[], name: string): string | undefined => {
  const at = fields.findIndex((text, index) => index % 2 === 0 && text === name);
  return at < 0 ? undefined : fields[at + 1];
};

export class ReportKeys {
  state: ReportState = { items: [], totals: null, last: [0, 0] };
  /** Those about reports, whole. */
  readonly commands: Command[] = [];
  /** Runs between the two writes of a fold; they are one step unless it is set. */
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

  /** One command as the REST interface has it. */
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
      // Of the key that a transaction writes to, so that the primary answers.
      case "SET":
        return "OK";
      default:
        throw new Error(`The stand-in has no ${name} of reports.`);
    }
  }

  /** @param given as Redis has them: ARGV */
  run(script: string, given: readonly string[]): number {
    if (script === addScript) {
      const [max, ...fields] = given;
      const { length } = this.state.items;
      if (length > Number(max)) return -1;
      this.add(fields);
      return length + 1;
    }
    if (script === foldScript) return this.#fold(given);
    throw new Error("The stand-in does not know this script.");
  }

  #fold([version, firstId, lastId = "", n, text = "", keptFrom = ""]: readonly string[]): number {
    const { checksVersion, checksFirst, checksLast, checksN } = this.#steps;
    const held = /^(1\.[\w-]+) /.exec(this.state.totals ?? "")?.[1] ?? "";
    if (checksVersion && held !== version) return 0;
    if (checksFirst && this.state.items[0]?.[0] !== firstId) return 0;
    const last = this.state.items.find(([id]) => id === lastId);
    if (checksLast && last === undefined) return 0;
    if (checksN && last !== undefined && (valueOf(last[1], "n") ?? "") !== n) return 0;
    this.state = { ...this.state, totals: text };
    this.betweenWrites?.();
    const from = this.#steps.keptFrom(keptFrom, lastId);
    const items = this.state.items.filter(([id]) => !isBefore(id, from));
    this.state = { ...this.state, items };
    return 1;
  }
}
